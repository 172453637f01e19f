package io.drover.vmm.machine;

/**
 * How fast frames may go in one direction.
 *
 * @param bytesPerSecond
 *            0: as fast as they can
 * @param framesPerSecond
 *            0: as fast as they can
 */
public record FrameRate(long bytesPerSecond, long framesPerSecond) {
    public static final FrameRate ANY = new FrameRate(0, 0);

    /** Refuses what is no rate, with an {@link IllegalArgumentException} for the operator. */
    public FrameRate {
        if (bytesPerSecond < 0 || framesPerSecond < 0) {
            throw new IllegalArgumentException("rate of frames : " + bytesPerSecond + " bytes and " + framesPerSecond
                    + " frames a second (expected: not negative)");
        }
    }
}
