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
 * @param memoryTargetBytes what it is to be left with of its memory, by the balloon; 0: all of it
 */
public record GuestDevices(boolean balloon, Optional<Watchdog> watchdog, Optional<UUID> generationId,
        long memoryTargetBytes) {
    public static final GuestDevices NONE = new GuestDevices(false, Optional.empty(), Optional.empty());

    /** What a watchdog does. */
    public enum Watchdog {
        /** The process ends as after a reboot of the guest's. */
        RESET,
        /** The process ends as if the guest had turned the machine off. */
        POWER_OFF
    }

    /** With all of its memory. */
    public GuestDevices(boolean balloon, Optional<Watchdog> watchdog, Optional<UUID> generationId) {
        this(balloon, watchdog, generationId, 0);
    }

    public GuestDevices {
        Objects.requireNonNull(watchdog);
        Objects.requireNonNull(generationId);
    }
}
