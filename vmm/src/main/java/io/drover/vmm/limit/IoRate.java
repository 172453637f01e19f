package io.drover.vmm.limit;

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
    /** The highest rate and the largest burst: 2.3 billion. */
    public static final long MAX = TokenBucket.MAX_BURST;

    /** Refuses what is no rate. */
    public IoRate {
        if (perSecond < 1 || perSecond > MAX) {
            throw new IllegalArgumentException("rate limit : " + perSecond + " a second (expected: 1 to "
                    + MAX + ")");
        }
        if (burst < 1 || burst > MAX) {
            throw new IllegalArgumentException("burst of a rate limit : " + burst + " (expected: 1 to "
                    + MAX + ")");
        }
    }
}
