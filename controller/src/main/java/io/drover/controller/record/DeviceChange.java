package io.drover.controller.record;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * One change of a VM's devices, which its spec has already: it is to be made of the run too, or could not be made there and is
 * taken back.
 *
 * @param generation of the VM's devices, with it
 * @param kind with what it takes to undo it
 * @param failure why it could not be made
 */
public record DeviceChange(long generation, Kind kind, Optional<String> failure) {
    public DeviceChange {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(failure);
    }

    /** What changed, with what was before. */
    public sealed interface Kind {
        record AttachDisk(String disk) implements Kind {}

        /**
         * A disk goes, with its contents.
         *
         * @param force the guest is not waited for
         */
        record DetachDisk(Disk was, boolean force) implements Kind {}

        record ResizeDisk(String disk, long sizeBytesBefore) implements Kind {}

        record SetDiskLimits(String disk, Disk.Limits before) implements Kind {}

        record AttachNic(String nic) implements Kind {}

        record DetachNic(Nic was, boolean force) implements Kind {}

        record SetMemoryTarget(long bytesBefore) implements Kind {}
    }

    /** Not made yet. */
    public boolean pending() {
        return failure.isEmpty();
    }

    DeviceChange failed(String why) {
        return new DeviceChange(generation, kind, Optional.of(why));
    }

    /** The spec without it. */
    VmSpec undone(VmSpec spec) {
        return switch (kind) {
            case Kind.AttachDisk(String disk) ->
                spec.withDisks(spec.disks().stream().filter(each -> !each.name().equals(disk)).toList());
            case Kind.DetachDisk(Disk was, boolean _) ->
                spec.withDisks(Stream.concat(spec.disks().stream(), Stream.of(was)).toList());
            case Kind.ResizeDisk(String disk, long before) ->
                spec.withDisks(replaced(spec.disks(), disk, each -> each.withSize(before)));
            case Kind.SetDiskLimits(String disk, Disk.Limits before) ->
                spec.withDisks(replaced(spec.disks(), disk, each -> each.withLimits(before)));
            case Kind.AttachNic(String nic) ->
                spec.withNics(spec.nics().stream().filter(each -> !each.name().equals(nic)).toList());
            case Kind.DetachNic(Nic was, boolean _) ->
                spec.withNics(Stream.concat(spec.nics().stream(), Stream.of(was)).toList());
            case Kind.SetMemoryTarget(long before) -> spec.withMemoryTarget(before);
        };
    }

    private static List<Disk> replaced(List<Disk> disks, String name, UnaryOperator<Disk> change) {
        return disks.stream().map(disk -> disk.name().equals(name) ? change.apply(disk) : disk).toList();
    }

    /** For people. */
    public String text() {
        return switch (kind) {
            case Kind.AttachDisk(String disk) -> "disk " + disk + " is attached";
            case Kind.DetachDisk(Disk was, boolean _) -> "disk " + was.name() + " is detached";
            case Kind.ResizeDisk(String disk, long _) -> "disk " + disk + " is resized";
            case Kind.SetDiskLimits(String disk, Disk.Limits _) -> "the limits of disk " + disk + " are set";
            case Kind.AttachNic(String nic) -> "nic " + nic + " is attached";
            case Kind.DetachNic(Nic was, boolean _) -> "nic " + was.name() + " is detached";
            case Kind.SetMemoryTarget(long _) -> "the memory target is set";
        };
    }
}
