package io.drover.agent.driver;

import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What a machine has beside disks and networks.
 *
 * @param balloon whether memory that nobody in the guest uses goes back to the host
 * @param watchdog what happens to a guest that hangs, if it has a watchdog
 * @param generationId what the guest is told, if anything
 */
public record GuestDevices(boolean balloon, Optional<Watchdog> watchdog, Optional<UUID> generationId) {
    public static final GuestDevices NONE = new GuestDevices(false, Optional.empty(), Optional.empty());

    /** What a watchdog does. */
    public enum Watchdog {
        /** The process ends as after a reboot of the guest's. */
        RESET,
        /** The process ends as if the guest had turned the machine off. */
        POWER_OFF
    }

    public GuestDevices {
        Objects.requireNonNull(watchdog);
        Objects.requireNonNull(generationId);
    }
}
