package io.drover.vmm.virtio.net;

import java.util.concurrent.atomic.AtomicLong;

/** What one pair of queues has done since the VM started. Written by the pair's thread alone, read by any. */
final class NetCounters {
    private final AtomicLong framesIn = new AtomicLong();
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong droppedIn = new AtomicLong();
    private final AtomicLong framesOut = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();
    private final AtomicLong droppedOut = new AtomicLong();

    void received(long bytes) {
        add(framesIn, 1);
        add(bytesIn, bytes);
    }

    void droppedIn() {
        add(droppedIn, 1);
    }

    void sent(long bytes) {
        add(framesOut, 1);
        add(bytesOut, bytes);
    }

    void droppedOut() {
        add(droppedOut, 1);
    }

    /** As only one thread writes, no locked instruction is needed. */
    private static void add(AtomicLong counter, long by) {
        counter.setRelease(counter.getPlain() + by);
    }

    NetCounts counts() {
        return new NetCounts(framesIn.getAcquire(), bytesIn.getAcquire(), droppedIn.getAcquire(),
                framesOut.getAcquire(), bytesOut.getAcquire(), droppedOut.getAcquire());
    }
}
