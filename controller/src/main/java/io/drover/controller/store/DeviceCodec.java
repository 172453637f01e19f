package io.drover.controller.store;

import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.DeviceChange.Kind;
import io.drover.controller.record.DeviceState;
import io.drover.controller.record.Disk;
import io.drover.controller.record.Nic;
import io.drover.proto.state.v1.VmRecord;
import java.util.Optional;

/** How far a VM's run is behind its devices, as it is in its record. */
final class DeviceCodec {
    private DeviceCodec() {}

    static void encode(DeviceState state, VmRecord.Builder record, int textChars) {
        record.setDeviceGeneration(state.generation()).addAllAddedDisks(state.addedDisks())
                .addAllRemovedDisks(state.removedDisks());
        state.change().ifPresent(change -> record.setDeviceChange(encode(change, textChars)));
    }

    private static io.drover.proto.state.v1.DeviceChange encode(DeviceChange change, int textChars) {
        // One that failed stays one, however little room there is to say why.
        String failure = change.failure().map(why -> VmCodec.cut(why, Math.max(textChars, 1))).orElse("");
        io.drover.proto.state.v1.DeviceChange.Builder record = io.drover.proto.state.v1.DeviceChange.newBuilder()
                .setGeneration(change.generation()).setFailure(failure);
        switch (change.kind()) {
            case Kind.AttachDisk(String disk) -> record.setAttachDisk(disk);
            case Kind.DetachDisk(Disk was, boolean force) ->
                record.setDetachDisk(VmCodec.encode(was)).setForce(force);
            case Kind.ResizeDisk(String disk, long before) -> record.setResizeDisk(
                    io.drover.proto.state.v1.DeviceChange.Size.newBuilder().setDisk(disk).setSizeBytes(before));
            case Kind.SetDiskLimits(String disk, Disk.Limits before) -> record.setSetDiskLimits(
                    io.drover.proto.state.v1.DeviceChange.Limits.newBuilder().setDisk(disk)
                            .setBytesPerSecond(before.bytesPerSecond())
                            .setOperationsPerSecond(before.operationsPerSecond()));
            case Kind.AttachNic(String nic) -> record.setAttachNic(nic);
            case Kind.DetachNic(Nic was, boolean force) -> record.setDetachNic(NicCodec.encode(was)).setForce(force);
            case Kind.SetMemoryTarget(long before) -> record.setMemoryTargetBytes(before);
        }
        return record.build();
    }

    static DeviceState decode(VmRecord record) {
        return new DeviceState(record.getDeviceGeneration(),
                record.hasDeviceChange() ? Optional.of(decode(record.getDeviceChange())) : Optional.empty(),
                record.getAddedDisksList(), record.getRemovedDisksList());
    }

    private static DeviceChange decode(io.drover.proto.state.v1.DeviceChange change) {
        Kind kind = switch (change.getChangeCase()) {
            case ATTACH_DISK -> new Kind.AttachDisk(change.getAttachDisk());
            case DETACH_DISK -> new Kind.DetachDisk(VmCodec.decode(change.getDetachDisk()), change.getForce());
            case SET_DISK_LIMITS -> new Kind.SetDiskLimits(change.getSetDiskLimits().getDisk(),
                    new Disk.Limits(change.getSetDiskLimits().getBytesPerSecond(),
                            change.getSetDiskLimits().getOperationsPerSecond()));
            case RESIZE_DISK -> new Kind.ResizeDisk(change.getResizeDisk().getDisk(),
                    change.getResizeDisk().getSizeBytes());
            case ATTACH_NIC -> new Kind.AttachNic(change.getAttachNic());
            case DETACH_NIC -> new Kind.DetachNic(NicCodec.decode(change.getDetachNic()), change.getForce());
            case MEMORY_TARGET_BYTES -> new Kind.SetMemoryTarget(change.getMemoryTargetBytes());
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("device change : of no kind");
        };
        return new DeviceChange(change.getGeneration(), kind,
                change.getFailure().isEmpty() ? Optional.empty() : Optional.of(change.getFailure()));
    }
}
