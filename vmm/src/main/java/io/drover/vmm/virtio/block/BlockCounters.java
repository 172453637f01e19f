package io.drover.vmm.virtio.block;

import java.util.concurrent.atomic.AtomicLong;

/** What one queue has done since the VM started. Written by the queue's thread alone, read by any. */
final class BlockCounters {
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong writes = new AtomicLong();
    private final AtomicLong writtenBytes = new AtomicLong();
    private final AtomicLong flushes = new AtomicLong();
    private final AtomicLong discards = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();

    void read(long bytes) {
        add(reads, 1);
        add(readBytes, bytes);
    }

    void written(long bytes) {
        add(writes, 1);
        add(writtenBytes, bytes);
    }

    void flushed() {
        add(flushes, 1);
    }

    /** Discards and write-zeroes. */
    void discarded() {
        add(discards, 1);
    }

    void failed() {
        add(failures, 1);
    }

    /** As only one thread writes, no locked instruction is needed. */
    private static void add(AtomicLong counter, long by) {
        counter.setRelease(counter.getPlain() + by);
    }

    BlockCounts counts() {
        return new BlockCounts(reads.getAcquire(), readBytes.getAcquire(), writes.getAcquire(),
                writtenBytes.getAcquire(), flushes.getAcquire(), discards.getAcquire(), failures.getAcquire());
    }
}
