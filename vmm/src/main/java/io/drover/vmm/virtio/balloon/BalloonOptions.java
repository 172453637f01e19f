package io.drover.vmm.virtio.balloon;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * What a balloon offers to its driver.
 *
 * @param deflateOnOom
 *            whether a guest may take pages back by itself before it kills a process for want of memory
 * @param reporting
 *            whether it may give back what nobody in it uses, without being asked
 * @param statisticsInterval
 *            how often it is asked for its statistics: whole seconds, at most {@link #MAX_INTERVAL}; zero: never
 */
public record BalloonOptions(boolean deflateOnOom, boolean reporting, Duration statisticsInterval) {
    public static final Duration MAX_INTERVAL = Duration.ofHours(1);

    /** Refuses an interval that cannot be, with an {@link IllegalArgumentException} for the operator. */
    public BalloonOptions {
        if (statisticsInterval.isNegative() || statisticsInterval.compareTo(MAX_INTERVAL) > 0
                || !statisticsInterval.truncatedTo(ChronoUnit.SECONDS).equals(statisticsInterval)) {
            throw new IllegalArgumentException("interval of the balloon's statistics : " + statisticsInterval
                    + " (expected: whole seconds, at most " + MAX_INTERVAL + "; zero for none)");
        }
    }
}
