package io.drover.vmm.virtio.block;

import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.linux.TimerFile;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;

/**
 * Requests of one queue that may come only so fast. One that may not yet stays in the ring, and an alarm is set for when it may:
 * exactly then, not at the next tick. Owned by the queue's thread; allocates nothing.
 */
final class LimitedRequests implements RequestServer {
    private final BlockRequests requests;
    private final RateLimit limit;
    private final TimerFile alarm;

    /**
     * For one queue.
     *
     * @param alarm
     *            counts as a kick of the queue; closed with this
     */
    LimitedRequests(BlockRequests requests, RateLimit limit, TimerFile alarm) {
        this.requests = requests;
        this.limit = limit;
        this.alarm = alarm;
    }

    @Override
    public boolean admit(DescriptorChain request) {
        if (!limit.isLimited()) {
            return true;
        }
        long nanos = limit.admit(BlockRequests.dataBytes(request), System.nanoTime());
        if (nanos > 0) {
            alarm.set(nanos);
        }
        return nanos == 0;
    }

    @Override
    public long serve(DescriptorChain request) throws QueueBreachException {
        return requests.serve(request);
    }

    @Override
    public void close() {
        alarm.close();
    }
}
