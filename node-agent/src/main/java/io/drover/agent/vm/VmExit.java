package io.drover.agent.vm;

import java.time.Instant;
import java.util.Objects;

/** How a run of a VM ended, for its user. */
public record VmExit(Cause cause, String message, Instant time) {
    /** As in drover.agent.v1.Exit; a reboot is no end of a run. */
    public enum Cause {
        GUEST_POWERED_OFF, GUEST_PANICKED, STOPPED, KILLED, VMM_FAILED, START_FAILED, HOST_FAILED, SUSPENDED
    }

    public VmExit {
        Objects.requireNonNull(cause);
        Objects.requireNonNull(message);
        Objects.requireNonNull(time);
    }
}
