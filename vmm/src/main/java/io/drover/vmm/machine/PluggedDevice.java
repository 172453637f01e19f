package io.drover.vmm.machine;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.net.NetDevice;

/** A disk or nic on the bus, and what the guest was told of it. Guarded by whoever has the list of them. */
final class PluggedDevice {
    /** What it is. */
    sealed interface Kind {
        record OfDisk(DiskSettings settings, Disk disk, BlockDevice device) implements Kind {}

        record OfNic(NicSettings settings, NetDevice device) implements Kind {}
    }

    enum Presence {
        /** The guest may use it. */
        PRESENT,
        /** The guest was asked to let go of it. */
        ASKED,
        /** The guest was asked, and then it was to stay after all: if the guest lets go of it yet, it is told to look again. */
        KEPT,
        /** Off the bus, and on its way to be closed. */
        CLOSING
    }

    private final Kind kind;
    private final VirtioPciFunction function;
    private Presence presence = Presence.PRESENT;

    PluggedDevice(Kind kind, VirtioPciFunction function) {
        this.kind = kind;
        this.function = function;
    }

    Kind kind() {
        return kind;
    }

    VirtioPciFunction function() {
        return function;
    }

    Presence presence() {
        return presence;
    }

    void set(Presence next) {
        presence = next;
    }

    String id() {
        return switch (kind) {
            case Kind.OfDisk disk -> disk.settings().id();
            case Kind.OfNic nic -> nic.settings().id();
        };
    }

    /** What it was made of, to be compared. */
    Record settings() {
        return switch (kind) {
            case Kind.OfDisk disk -> disk.settings();
            case Kind.OfNic nic -> nic.settings();
        };
    }

    boolean isLeaving() {
        return presence == Presence.ASKED || presence == Presence.CLOSING;
    }
}
