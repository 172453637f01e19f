package io.drover.vmm.machine;

import io.drover.vmm.limit.IoRate;

/**
 * How fast frames may go in one direction.
 *
 * @param bytesPerSecond
 *            at most {@link IoRate#MAX}; 0: as fast as they can
 * @param framesPerSecond
 *            at most {@link IoRate#MAX}; 0: as fast as they can
 */
public record FrameRate(long bytesPerSecond, long framesPerSecond) {
    public static final FrameRate ANY = new FrameRate(0, 0);

    /** Refuses what is no rate, with an {@link IllegalArgumentException} for the operator. */
    public FrameRate {
        if (bytesPerSecond < 0 || bytesPerSecond > IoRate.MAX || framesPerSecond < 0 || framesPerSecond > IoRate.MAX) {
            throw new IllegalArgumentException("rate of frames : " + bytesPerSecond + " bytes and " + framesPerSecond
                    + " frames a second (expected: 0 to " + IoRate.MAX + " each; 0: no limit)");
        }
    }
}
