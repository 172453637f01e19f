package io.drover.controller.record;

import java.util.Objects;
import java.util.Optional;

/**
 * What a guest has beside disks and networks.
 *
 * @param balloon whether memory that nobody in the guest uses goes back to the host
 * @param watchdog what happens to a guest that hangs, if it has a watchdog
 */
public record GuestDevices(boolean balloon, Optional<Watchdog> watchdog) {
    public static final GuestDevices NONE = new GuestDevices(false, Optional.empty());

    /** What a watchdog does. */
    public enum Watchdog {
        RESET, POWER_OFF
    }

    public GuestDevices {
        Objects.requireNonNull(watchdog, "watchdog");
    }
}
