package io.drover.vmm.migration.policy;

import java.time.Duration;

/**
 * What a pass has brought.
 *
 * @param bytes
 *            that were sent
 * @param took
 *            from the first byte until the other side had taken the last
 * @param dirtyBytes
 *            of pages that were written to meanwhile, which are left to be sent
 * @param elapsed
 *            since the migration began
 */
public record PassResult(long bytes, Duration took, long dirtyBytes, Duration elapsed) {
    public PassResult {
        if (bytes < 0 || dirtyBytes < 0 || took.isNegative() || elapsed.isNegative()) {
            throw new IllegalArgumentException(
                    "pass : " + bytes + " bytes, " + dirtyBytes + " dirty (expected: not negative)");
        }
    }

    /** Bytes in a second at which pages became dirty. */
    public long dirtyRate() {
        return perSecond(dirtyBytes, took);
    }

    static long perSecond(long bytes, Duration took) {
        return (long) (bytes / Math.max(took.toNanos() / 1e9, 1e-6));
    }
}
