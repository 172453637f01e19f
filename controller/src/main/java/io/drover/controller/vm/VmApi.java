package io.drover.controller.vm;

import com.google.protobuf.Duration;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.feed.VmSight;
import io.drover.controller.list.Filter;
import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.placement.Placer;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.Desired;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.controller.stream.Calls;
import io.drover.controller.task.RequestMark;
import io.drover.controller.task.TaskMessages;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.AttachNicRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.DetachDiskRequest;
import io.drover.proto.v1.DetachNicRequest;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.ListVmUsageRequest;
import io.drover.proto.v1.ListVmUsageResponse;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.ListVmsResponse;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.ReadVmLogResponse;
import io.drover.proto.v1.ResizeDiskRequest;
import io.drover.proto.v1.SetDiskLimitsRequest;
import io.drover.proto.v1.SetMemoryTargetRequest;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.SuspendVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/** drover.v1.VmService. */
public final class VmApi extends VmServiceGrpc.VmServiceImplBase {
    private static final long MAX_GRACE_SECONDS = 3_600;
    private static final java.time.Duration DEFAULT_GRACE = java.time.Duration.ofSeconds(30);

    private final Calls calls;
    private final VmFeed feed;
    private final VmOperations operations;
    private final VmStreams streams;
    private final VmRelay relay;
    private final VmUsages usages;
    private final Placer placer;
    private final DeviceRequests devices;

    public VmApi(Calls calls, VmFeed feed, VmOperations operations, VmStreams streams, VmRelay relay, VmUsages usages,
            Placer placer) {
        this.calls = calls;
        this.feed = feed;
        this.operations = operations;
        this.streams = streams;
        this.relay = relay;
        this.usages = usages;
        this.placer = placer;
        this.devices = new DeviceRequests(operations);
    }

    @Override
    public void createVm(CreateVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> create(request));
    }

    private Task create(CreateVmRequest request) throws ProblemException, InterruptedException {
        Violations violations = new Violations();
        Optional<VmId> id = violations.id("vm_id", request.getVmId(), VmId::new);
        String name = request.getVm().getName();
        violations.require(name.isEmpty() || name.equals(VmId.COLLECTION + "/" + request.getVmId()), "vm.name",
                Violations.quoted(name) + " (expected: nothing, or vms/ and the vm_id)");
        violations.requestId(request.getRequestId());
        violations.require(request.getVm().getDesiredState() != PowerState.UNRECOGNIZED
                && request.getVm().getDesiredState() != PowerState.POWER_STATE_SUSPENDED, "vm.desired_state",
                request.getVm().getDesiredStateValue() + " (expected: RUNNING or STOPPED)");
        Optional<VmSpec> spec = VmSpecs.read(request.getVm().getSpec(), "vm.spec", violations);
        violations.throwIfAny();
        Desired desired = request.getVm().getDesiredState() == PowerState.POWER_STATE_STOPPED
                ? new Desired.Stopped(java.time.Duration.ZERO)
                : new Desired.Running();
        RequestMark mark = RequestMark.of("CreateVm", request.getRequestId(),
                request.toBuilder().clearRequestId().build());
        Task task = TaskMessages.of(
                operations.create(mark, id.orElseThrow(), spec.orElseThrow(), desired, request.getValidateOnly()),
                feed);
        return request.getValidateOnly() ? task.toBuilder().clearName().build() : task;
    }

    @Override
    public void getVm(GetVmRequest request, StreamObserver<Vm> response) {
        calls.unary(response, () -> {
            VmId id = id(request.getName(), "");
            return VmMessages.of(feed.get(id).orElseThrow(() -> ProblemException.notFound(id.resourceName())));
        });
    }

    @Override
    public void listVms(ListVmsRequest request, StreamObserver<ListVmsResponse> response) {
        calls.unary(response, () -> {
            VmFeed.Page page = page(request.getPageToken(), request.getPageSize(), request.getFilter());
            return ListVmsResponse.newBuilder().setTotalSize(page.total()).setRevision(page.revision().toString())
                    .addAllVms(page.vms().stream().map(VmMessages::of).toList())
                    .setNextPageToken(next(page, request.getFilter())).build();
        });
    }

    @Override
    public void listVmUsage(ListVmUsageRequest request, StreamObserver<ListVmUsageResponse> response) {
        calls.unary(response, () -> {
            VmFeed.Page page = page(request.getPageToken(), request.getPageSize(), request.getFilter());
            VmUsages.Report report = usages.of(page.vms().stream().map(VmSight::vm).toList());
            return ListVmUsageResponse.newBuilder().addAllUsages(report.usages())
                    .addAllUnreachable(report.unreachable()).setNextPageToken(next(page, request.getFilter())).build();
        });
    }

    private VmFeed.Page page(String token, int size, String filter) throws ProblemException {
        Optional<VmId> after = PageToken.decode(token, VmId.COLLECTION, filter).map(VmId::new);
        return feed.page(after, PageSize.of(size), Filter.parse(filter, VmFields.FIELDS));
    }

    private static String next(VmFeed.Page page, String filter) {
        return page.more() ? new PageToken(VmId.COLLECTION, filter, page.vms().getLast().vm().id().value()).encode()
                : "";
    }

    @Override
    public void deleteVm(DeleteVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            VmId id = id(request.getName(), request.getRequestId());
            RequestMark mark = RequestMark.of("DeleteVm", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.delete(mark, id, request.getForce()), feed);
        });
    }

    @Override
    public void startVm(StartVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            VmId id = id(request.getName(), request.getRequestId());
            RequestMark mark = RequestMark.of("StartVm", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.start(mark, id, request.getDiscardSaved()), feed);
        });
    }

    @Override
    public void suspendVm(SuspendVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            VmId id = id(request.getName(), request.getRequestId());
            RequestMark mark = RequestMark.of("SuspendVm", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.suspend(mark, id), feed);
        });
    }

    @Override
    public void stopVm(StopVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<VmId> id = violations.name("name", request.getName(), VmId.COLLECTION, VmId::new);
            violations.requestId(request.getRequestId());
            violations.require(request.getMode() != StopVmRequest.Mode.UNRECOGNIZED, "mode",
                    request.getModeValue() + " (expected: GRACEFUL or FORCED)");
            Duration grace = request.getGrace();
            violations.require(grace.getSeconds() >= 0 && grace.getNanos() >= 0 && grace.getNanos() < 1_000_000_000
                    && grace.getSeconds() <= MAX_GRACE_SECONDS, "grace",
                    grace.getSeconds() + " s (expected: 0 to " + MAX_GRACE_SECONDS + " s)");
            violations.throwIfAny();
            java.time.Duration wait = request.hasGrace()
                    ? java.time.Duration.ofSeconds(grace.getSeconds(), grace.getNanos())
                    : DEFAULT_GRACE;
            RequestMark mark = RequestMark.of("StopVm", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.stop(mark, id.orElseThrow(),
                    request.getMode() == StopVmRequest.Mode.FORCED ? java.time.Duration.ZERO : wait), feed);
        });
    }

    @Override
    public void watchVms(WatchVmsRequest request, StreamObserver<WatchVmsResponse> responses) {
        calls.streaming(responses, out -> streams.watch(request, out));
    }

    @Override
    public StreamObserver<AttachConsoleRequest> attachConsole(StreamObserver<AttachConsoleResponse> responses) {
        return calls.bidirectional(responses, relay::attach);
    }

    @Override
    public void readVmLog(ReadVmLogRequest request, StreamObserver<ReadVmLogResponse> responses) {
        calls.streaming(responses, out -> relay.readLog(request, out));
    }

    @Override
    public void explainPlacement(ExplainPlacementRequest request, StreamObserver<Placement> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<VmSpec> spec = VmSpecs.read(request.getSpec(), "spec", violations);
            violations.throwIfAny();
            operations.images(spec.orElseThrow());
            operations.cpuModel(spec.get());
            try {
                return VmMessages.of(placer.explain(spec.get()).get());
            } catch (ExecutionException e) {
                throw new ProblemException(Calls.fault(e.getCause()), e);
            }
        });
    }

    @Override
    public void attachDisk(AttachDiskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.attachDisk(request), feed));
    }

    @Override
    public void detachDisk(DetachDiskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.detachDisk(request), feed));
    }

    @Override
    public void resizeDisk(ResizeDiskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.resizeDisk(request), feed));
    }

    @Override
    public void setDiskLimits(SetDiskLimitsRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.setDiskLimits(request), feed));
    }

    @Override
    public void attachNic(AttachNicRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.attachNic(request), feed));
    }

    @Override
    public void detachNic(DetachNicRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.detachNic(request), feed));
    }

    @Override
    public void setMemoryTarget(SetMemoryTargetRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(devices.setMemoryTarget(request), feed));
    }

    private static VmId id(String name, String requestId) throws ProblemException {
        Violations violations = new Violations();
        Optional<VmId> id = violations.name("name", name, VmId.COLLECTION, VmId::new);
        violations.requestId(requestId);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
