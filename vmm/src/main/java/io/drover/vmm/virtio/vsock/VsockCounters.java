package io.drover.vmm.virtio.vsock;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What the device has done. Written by the I/O thread alone, read by any. */
final class VsockCounters {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong fromHost = new AtomicLong();
    private final AtomicLong fromGuest = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();

    void setOpen(int streams) {
        open.setRelease(streams);
    }

    void begunByHost() {
        add(fromHost, 1);
    }

    void begunByGuest() {
        add(fromGuest, 1);
    }

    void refused() {
        add(refused, 1);
    }

    void sent(long bytes) {
        add(bytesIn, bytes);
    }

    void received(long bytes) {
        add(bytesOut, bytes);
    }

    /** As only one thread writes, no locked instruction is needed. */
    private static void add(AtomicLong counter, long by) {
        counter.setRelease(counter.getPlain() + by);
    }

    VsockCounts counts() {
        return new VsockCounts(open.getAcquire(), fromHost.getAcquire(), fromGuest.getAcquire(), refused.getAcquire(),
                bytesIn.getAcquire(), bytesOut.getAcquire());
    }
}
