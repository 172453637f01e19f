package io.drover.vmm.migration.stream;

import io.drover.vmm.limit.IoRate;
import io.drover.vmm.limit.RateLimit;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** How fast all connections of a stream together may send, and how much they have. Safe for use by several threads. */
public final class SendRate {
    /** So that one who waits soon sees that the limit is gone, or the stream. */
    private static final long LONGEST_NAP_NANOS = 50_000_000;

    private final Optional<RateLimit> limit;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong saved = new AtomicLong();
    private final AtomicLong pages = new AtomicLong();
    private volatile boolean lifted;

    /**
     * With a cap.
     *
     * @param bytesPerSecond
     *            empty: as fast as it goes
     */
    public SendRate(Optional<Long> bytesPerSecond) {
        limit = bytesPerSecond.map(rate -> new RateLimit(
                // A tenth of a second's, and a frame at least.
                Optional.of(new IoRate(rate, Math.min(IoRate.MAX, Math.max(rate / 10, 1)))), Optional.empty(),
                System.nanoTime()));
    }

    /** Waits until so many bytes may go. */
    void await(long length) {
        if (limit.isEmpty()) {
            return;
        }
        long wait = lifted ? 0 : limit.get().admit(length, System.nanoTime());
        while (wait > 0) {
            LockSupport.parkNanos(Math.min(wait, LONGEST_NAP_NANOS));
            wait = lifted ? 0 : limit.get().admit(length, System.nanoTime());
        }
    }

    void sent(long length, long pageCount) {
        bytes.addAndGet(length);
        pages.addAndGet(pageCount);
    }

    /** By packing what was sent. */
    void saved(long length) {
        saved.addAndGet(length);
    }

    /** Ends the cap: what is left goes as fast as it can, as when the guest stands still. */
    public void lift() {
        lifted = true;
    }

    void stop() {
        lifted = true;
    }

    /** All bytes that were sent. */
    public long sentBytes() {
        return bytes.get();
    }

    /** All bytes that would have been sent, had nothing been packed. */
    public long unpackedBytes() {
        return bytes.get() + saved.get();
    }

    /** All pages that were sent; one that went twice counts twice. */
    public long sentPages() {
        return pages.get();
    }
}
