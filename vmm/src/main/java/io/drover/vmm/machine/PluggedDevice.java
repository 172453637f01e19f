package io.drover.vmm.machine;

import io.drover.vmm.disk.RevocableDisk;
import io.drover.vmm.disk.TrackedDisk;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.RevocableNetwork;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.net.NetDevice;
import java.io.IOException;

/** A disk or nic on the bus, and what the guest was told of it. Guarded by whoever has the list of them. */
final class PluggedDevice {
    /** What it is. */
    sealed interface Kind {
        record OfDisk(DiskSettings settings, RevocableDisk disk, TrackedDisk copied, BlockDevice device,
                RateLimit limit)
                implements
                    Kind {
            OfDisk withRate(DiskRate rate) {
                return new OfDisk(settings.withRate(rate), disk, copied, device, limit);
            }
        }

        record OfNic(NicSettings settings, NetDevice device, RevocableNetwork network) implements Kind {}
    }

    enum Presence {
        /** The guest may use it. */
        PRESENT,
        /** The guest was asked to let go of it. */
        ASKED,
        /** The guest was asked, and then it was to stay after all: if the guest lets go of it yet, it is told to look again. */
        KEPT,
        /**
         * What it was on the host is closed or soon will be, and its requests fail. The guest, which was asked to let go of it,
         * still finds the device in its slot.
         */
        TAKEN,
        /** Off the bus, and on its way to be closed. */
        CLOSING
    }

    private Kind kind;
    private final VirtioPciFunction function;
    private Presence presence = Presence.PRESENT;

    PluggedDevice(Kind kind, VirtioPciFunction function) {
        this.kind = kind;
        this.function = function;
    }

    Kind kind() {
        return kind;
    }

    /** It has other settings from now on. */
    void set(Kind next) {
        kind = next;
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
        return presence == Presence.ASKED || isClosing();
    }

    /** Whether it is on its way to be closed and cannot stay. */
    boolean isClosing() {
        return presence == Presence.TAKEN || presence == Presence.CLOSING;
    }

    /** Has what it is on the host fail or be gone for its driver from now on. Any thread; does not wait. */
    void revoke() {
        switch (kind) {
            case Kind.OfDisk disk -> disk.disk().revoke();
            case Kind.OfNic nic -> nic.network().revoke();
        }
    }

    /** Closes what it is on the host, once revoked and idle; again it does nothing. */
    void closeRevoked(Log log) {
        switch (kind) {
            case Kind.OfDisk disk -> {
                try {
                    disk.disk().close();
                } catch (IOException e) {
                    log.error(PciDevices.diskName(id()) + ": cannot be closed", e);
                }
            }
            case Kind.OfNic nic -> nic.network().close();
        }
    }
}
