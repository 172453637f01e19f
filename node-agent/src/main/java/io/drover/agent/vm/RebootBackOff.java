package io.drover.agent.vm;

import java.time.Duration;

/**
 * How long to wait before a rebooted guest is started again: not at all, unless it reboots over and over without ever
 * running for long. For one thread.
 */
final class RebootBackOff {
    /** A guest that ran this long was no part of a loop. */
    static final Duration LONG_RUN = Duration.ofSeconds(60);
    private static final int FREE_REBOOTS = 3;
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private int shortRuns;

    /** The pause after a run that lasted {@code ran}. */
    Duration after(Duration ran) {
        shortRuns = ran.compareTo(LONG_RUN) >= 0 ? 0 : shortRuns + 1;
        if (shortRuns <= FREE_REBOOTS) {
            return Duration.ZERO;
        }
        int doublings = Math.min(shortRuns - FREE_REBOOTS - 1, 10);
        Duration pause = Duration.ofSeconds(1L << doublings);
        return pause.compareTo(LONGEST) < 0 ? pause : LONGEST;
    }
}
