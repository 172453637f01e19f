package io.drover.vmm.disk.limit;

/**
 * A limit as the operator names it.
 *
 * @param perSecond
 *            bytes or operations, at least 1
 * @param burst
 *            how much may go at once after a pause, at least 1; a second's worth is a good choice for bytes, a tenth's for
 *            operations
 */
public record IoRate(long perSecond, long burst) {
    /** Refuses what is no rate. */
    public IoRate {
        if (perSecond < 1 || perSecond > TokenBucket.MAX_BURST) {
            throw new IllegalArgumentException("rate limit : " + perSecond + " a second (expected: 1 to "
                    + TokenBucket.MAX_BURST + ")");
        }
        if (burst < 1 || burst > TokenBucket.MAX_BURST) {
            throw new IllegalArgumentException("burst of a rate limit : " + burst + " (expected: 1 to "
                    + TokenBucket.MAX_BURST + ")");
        }
    }
}
