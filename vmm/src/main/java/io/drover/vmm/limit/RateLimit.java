package io.drover.vmm.limit;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Optional;

/**
 * Whether a request may go now, and else when to ask again. It blocks nobody: a queue that must wait leaves the request in
 * its ring and arms its timer for exactly then, while its thread goes on serving what else it serves.
 *
 * <p>
 * One for all queues of a device; safe for use by several threads.
 */
public final class RateLimit {
    @GuardedBy("this")
    private Optional<TokenBucket> bytes;
    @GuardedBy("this")
    private Optional<TokenBucket> operations;
    private volatile boolean limited;

    /**
     * Full buckets.
     *
     * @param bytes
     *            a second, of data read and written
     * @param operations
     *            a second, flushes and discards too
     * @param nowNanos
     *            of the monotonic clock that {@link #admit} is told too
     */
    public RateLimit(Optional<IoRate> bytes, Optional<IoRate> operations, long nowNanos) {
        this.bytes = bucket(bytes, nowNanos);
        this.operations = bucket(operations, nowNanos);
        this.limited = bytes.isPresent() || operations.isPresent();
    }

    /** One that lets all go, until it is {@link #change changed}. */
    public static RateLimit none() {
        return new RateLimit(Optional.empty(), Optional.empty(), 0);
    }

    private static Optional<TokenBucket> bucket(Optional<IoRate> rate, long nowNanos) {
        return rate.map(each -> new TokenBucket(each.perSecond(), each.burst(), nowNanos));
    }

    /**
     * Sets other limits. What there was to spend, or is owed, under a limit stays so under the one that takes its place; one
     * where there was none begins full. Who waits is to ask again, as the time it was told is no more true.
     */
    public synchronized void change(Optional<IoRate> newBytes, Optional<IoRate> newOperations, long nowNanos) {
        bytes = changed(bytes, newBytes, nowNanos);
        operations = changed(operations, newOperations, nowNanos);
        limited = newBytes.isPresent() || newOperations.isPresent();
    }

    private static Optional<TokenBucket> changed(Optional<TokenBucket> bucket, Optional<IoRate> rate, long nowNanos) {
        return bucket.isEmpty() || rate.isEmpty() ? bucket(rate, nowNanos)
                : Optional.of(bucket.get().changed(rate.get().perSecond(), rate.get().burst(), nowNanos));
    }

    /** Whether anything need be asked for at all. Takes no lock, so that it costs little to have no limit. */
    public boolean isLimited() {
        return limited;
    }

    /**
     * Asks for one operation. It is counted if it may go, in both buckets or in none.
     *
     * @param length
     *            bytes, not negative
     * @return 0 if it may go; else the nanoseconds after which it may, unless others come first
     */
    public synchronized long admit(long length, long nowNanos) {
        long wait = Math.max(bytes.isEmpty() ? 0 : bytes.get().nanosUntil(length, nowNanos),
                operations.isEmpty() ? 0 : operations.get().nanosUntil(1, nowNanos));
        if (wait == 0) {
            if (bytes.isPresent()) {
                bytes.get().take(length);
            }
            if (operations.isPresent()) {
                operations.get().take(1);
            }
        }
        return wait;
    }
}
