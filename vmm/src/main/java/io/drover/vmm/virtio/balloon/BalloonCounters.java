package io.drover.vmm.virtio.balloon;

import java.util.concurrent.atomic.AtomicLong;

/** What a balloon has given back since the VM started. Written by the device's thread, of which there is one at a time. */
final class BalloonCounters {
    private final AtomicLong inflatedBytes = new AtomicLong();
    private final AtomicLong reportedBytes = new AtomicLong();

    void inflated(long bytes) {
        inflatedBytes.setRelease(inflatedBytes.getPlain() + bytes);
    }

    void reported(long bytes) {
        reportedBytes.setRelease(reportedBytes.getPlain() + bytes);
    }

    long inflatedBytes() {
        return inflatedBytes.getAcquire();
    }

    long reportedBytes() {
        return reportedBytes.getAcquire();
    }
}
