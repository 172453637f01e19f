package io.drover.vmm.limit;

/**
 * A rate with bursts. Exact however small the periods: the level is kept in billionths of a token, so that nothing is rounded
 * away between two looks. Owned by one thread at a time.
 */
final class TokenBucket {
    private static final long PER_SECOND = 1_000_000_000L;
    /** The largest burst, or rate, whose level and debt are a long with room to spare. */
    static final long MAX_BURST = Long.MAX_VALUE / PER_SECOND / 4;

    private final long tokensPerSecond;
    private final long burst;
    /**
     * The highest level: a burst, and what comes in just less than a nanosecond. Who waits whole nanoseconds comes up to one
     * late, and must not lose it.
     */
    private final long full;
    /** Negative after a request of more than a burst, which is let go and then waited for. */
    private long level;
    private long lastNanos;

    /**
     * A full one.
     *
     * @param tokensPerSecond
     *            from 1 to {@link #MAX_BURST}
     * @param burst
     *            tokens at most, from 1 to {@link #MAX_BURST}
     */
    TokenBucket(long tokensPerSecond, long burst, long nowNanos) {
        this.tokensPerSecond = tokensPerSecond;
        this.burst = burst;
        this.full = burst * PER_SECOND + tokensPerSecond - 1;
        this.level = burst * PER_SECOND;
        this.lastNanos = nowNanos;
    }

    /**
     * What it is under another rate. The tokens in it stay, and so does a debt; what a smaller burst has no room for is gone,
     * and a larger one is filled by time alone. So nothing is to be gained by changing, however often,
     * and nothing lost but what came in within a nanosecond. This one is used no more.
     *
     * @param newTokensPerSecond
     *            as of a new one
     * @param newBurst
     *            as of a new one
     */
    TokenBucket changed(long newTokensPerSecond, long newBurst, long nowNanos) {
        refill(nowNanos);
        TokenBucket next = new TokenBucket(newTokensPerSecond, newBurst, lastNanos);
        next.level = Math.min(level, next.full);
        return next;
    }

    /**
     * How long to wait until so many tokens may be taken: those of a request larger than a burst as soon as the bucket is full.
     *
     * @return nanoseconds, 0 when they may be taken now
     */
    long nanosUntil(long tokens, long nowNanos) {
        refill(nowNanos);
        long missing = Math.min(tokens, burst) * PER_SECOND - level;
        return missing <= 0 ? 0 : (missing + tokensPerSecond - 1) / tokensPerSecond;
    }

    /** Takes tokens that {@link #nanosUntil} said may be taken. */
    void take(long tokens) {
        level -= Math.min(tokens, MAX_BURST) * PER_SECOND;
    }

    private void refill(long nowNanos) {
        long elapsed = nowNanos - lastNanos;
        if (elapsed <= 0) {
            return;
        }
        lastNanos = nowNanos;
        long missing = full - level;
        // Without the product, which may be more than a long.
        level = elapsed > missing / tokensPerSecond ? full : level + elapsed * tokensPerSecond;
    }
}
