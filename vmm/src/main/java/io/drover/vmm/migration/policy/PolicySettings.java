package io.drover.vmm.migration.policy;

import java.time.Duration;
import java.util.Objects;

/**
 * What the operator wants of a migration.
 *
 * @param downtime
 *            how long the guest may stand still, at first: more than 0
 * @param longestDowntime
 *            what that grows to as time goes by: at least as much
 * @param timeout
 *            for the guest to get ready to be switched: more than 0
 * @param whenStuck
 *            what happens when it does not
 */
public record PolicySettings(Duration downtime, Duration longestDowntime, Duration timeout, WhenStuck whenStuck) {
    /** 300 ms, growing to 2 s, within 30 minutes; a guest that does not converge stays where it is. */
    public static final PolicySettings DEFAULT = new PolicySettings(Duration.ofMillis(300), Duration.ofSeconds(2),
            Duration.ofMinutes(30), WhenStuck.GIVE_UP);

    /** What to do with a guest that writes faster than its memory can be sent, however far it is held back. */
    public enum WhenStuck {
        /** Let it stand still for as long as it takes. */
        STOP_AND_COPY,
        /** Let it run on where it is. */
        GIVE_UP
    }

    /** Refuses what cannot be. */
    public PolicySettings {
        Objects.requireNonNull(whenStuck, "whenStuck");
        if (downtime.isNegative() || downtime.isZero() || longestDowntime.compareTo(downtime) < 0) {
            throw new IllegalArgumentException("downtime : " + downtime.toMillis() + " ms, at most "
                    + longestDowntime.toMillis() + " ms (expected: more than 0, and no more than the second)");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout : " + timeout.toMillis() + " ms (expected: more than 0)");
        }
    }
}
