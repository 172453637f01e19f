package io.drover.vmm.machine;

import io.drover.vmm.limit.IoRate;
import io.drover.vmm.limit.RateLimit;
import java.util.Optional;

/**
 * How much may be done with a disk in a second.
 *
 * @param bytesPerSecond
 *            read and written, at most {@link IoRate#MAX}; 0: any
 * @param operationsPerSecond
 *            at most {@link IoRate#MAX}; 0: any
 */
public record DiskRate(long bytesPerSecond, long operationsPerSecond) {
    public static final DiskRate ANY = new DiskRate(0, 0);

    /** A burst is a tenth of a second's worth, but never less than what a driver commonly asks for at once. */
    private static final long BURSTS_PER_SECOND = 10;
    private static final long MIN_BURST_BYTES = 64 << 10;

    /** Refuses what is no rate, with an {@link IllegalArgumentException} for the operator. */
    public DiskRate {
        if (bytesPerSecond < 0 || bytesPerSecond > IoRate.MAX || operationsPerSecond < 0
                || operationsPerSecond > IoRate.MAX) {
            throw new IllegalArgumentException(
                    "rate of a disk : " + bytesPerSecond + " bytes and " + operationsPerSecond
                            + " operations a second (expected: 0 to " + IoRate.MAX + " each; 0: no limit)");
        }
    }

    /** The limit, with full buckets. */
    RateLimit limit() {
        return new RateLimit(bytes(), operations(), System.nanoTime());
    }

    /** Makes a limit this one, from now on. */
    void replace(RateLimit limit) {
        limit.change(bytes(), operations(), System.nanoTime());
    }

    private Optional<IoRate> bytes() {
        return rate(bytesPerSecond, MIN_BURST_BYTES);
    }

    private Optional<IoRate> operations() {
        return rate(operationsPerSecond, 1);
    }

    private static Optional<IoRate> rate(long perSecond, long minBurst) {
        return perSecond == 0 ? Optional.empty()
                : Optional.of(new IoRate(perSecond, Math.max(perSecond / BURSTS_PER_SECOND, minBurst)));
    }
}
