package io.drover.controller.vm;

import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.Disk;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Task;
import io.drover.controller.record.VmId;
import io.drover.controller.task.RequestMark;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.AttachNicRequest;
import io.drover.proto.v1.DetachDiskRequest;
import io.drover.proto.v1.DetachNicRequest;
import io.drover.proto.v1.ResizeDiskRequest;
import io.drover.proto.v1.SetDiskLimitsRequest;
import io.drover.proto.v1.SetMemoryTargetRequest;
import io.drover.proto.v1.VmDisk;
import java.util.List;
import java.util.Optional;

/** The methods of drover.v1.VmService that change a VM's devices. */
final class DeviceRequests {
    private static final long MIB = 1 << 20;

    private final VmOperations operations;

    DeviceRequests(VmOperations operations) {
        this.operations = operations;
    }

    Task attachDisk(AttachDiskRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        VmId id = id(request.getName(), request.getRequestId(), violations);
        List<Disk> disk = VmDisks.read(List.of(request.getDisk()), "disk", violations);
        violations.throwIfAny();
        return operations.changeDevices(RequestMark.of("AttachDisk", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.attachDisk(vm, disk.getFirst()));
    }

    Task detachDisk(DetachDiskRequest request) throws ProblemException, InterruptedException {
        VmId id = id(request.getName(), request.getRequestId());
        return operations.changeDevices(RequestMark.of("DetachDisk", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.detachDisk(vm, request.getDisk(), request.getDeleteContents(), request.getForce()));
    }

    Task resizeDisk(ResizeDiskRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        VmId id = id(request.getName(), request.getRequestId(), violations);
        VmDisks.checkSize(request.getSizeBytes(), "size_bytes", violations);
        violations.throwIfAny();
        return operations.changeDevices(RequestMark.of("ResizeDisk", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.resizeDisk(vm, request.getDisk(), request.getSizeBytes()));
    }

    Task setDiskLimits(SetDiskLimitsRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        VmId id = id(request.getName(), request.getRequestId(), violations);
        Optional<Disk.Limits> limits = VmDisks.limits(VmDisk.newBuilder().setBytesPerSecond(request.getBytesPerSecond())
                .setOperationsPerSecond(request.getOperationsPerSecond()).build(), "", violations);
        violations.throwIfAny();
        return operations.changeDevices(RequestMark.of("SetDiskLimits", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.setDiskLimits(vm, request.getDisk(), limits.orElseThrow()));
    }

    Task attachNic(AttachNicRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        VmId id = id(request.getName(), request.getRequestId(), violations);
        List<Nic> nic = VmNics.read(List.of(request.getNic()), "", "nic", violations);
        violations.throwIfAny();
        return operations.changeDevices(RequestMark.of("AttachNic", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.attachNic(vm, nic.getFirst()));
    }

    Task detachNic(DetachNicRequest request) throws ProblemException, InterruptedException {
        VmId id = id(request.getName(), request.getRequestId());
        return operations.changeDevices(RequestMark.of("DetachNic", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.detachNic(vm, request.getNic(), request.getForce()));
    }

    Task setMemoryTarget(SetMemoryTargetRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        VmId id = id(request.getName(), request.getRequestId(), violations);
        long bytes = request.getMemoryBytes();
        violations.require(bytes >= 0 && bytes % MIB == 0, "memory_bytes",
                bytes + " (expected: a multiple of 1 MiB, or 0 for all of the VM's memory)");
        violations.throwIfAny();
        return operations.changeDevices(RequestMark.of("SetMemoryTarget", request.getRequestId(),
                request.toBuilder().clearRequestId().build()), id,
                vm -> DeviceIntents.setMemoryTarget(vm, bytes));
    }

    private static VmId id(String name, String requestId) throws ProblemException {
        return id(name, requestId, new Violations());
    }

    private static VmId id(String name, String requestId, Violations violations) throws ProblemException {
        Optional<VmId> id = violations.name("name", name, VmId.COLLECTION, VmId::new);
        violations.requestId(requestId);
        if (id.isEmpty()) {
            violations.throwIfAny();
        }
        return id.orElseThrow();
    }
}
