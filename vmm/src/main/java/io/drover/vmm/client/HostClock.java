package io.drover.vmm.client;

import io.drover.vmm.linux.BootClock;

/** The clock that leases are counted on: CLOCK_BOOTTIME, one for all processes of a host, which goes on while the host sleeps. */
public final class HostClock {
    private HostClock() {}

    /** Nanoseconds since the host booted. Never goes back. */
    public static long bootNanos() {
        return BootClock.nanos();
    }
}
