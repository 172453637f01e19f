package io.drover.vmm.virtio;

import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Takes what it is given and never gives it back, as a device does that waits for something. */
final class KeepingDevice implements VirtioDevice {
    private final Semaphore kept = new Semaphore(0);

    void awaitKept(int chains) throws InterruptedException {
        if (!kept.tryAcquire(chains, TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)) {
            throw new AssertionError("fewer chains than " + chains);
        }
    }

    @Override
    public int deviceType() {
        return 63;
    }

    @Override
    public int pciClass() {
        return 0xFF_0000;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public int maxQueueSize() {
        return 16;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return 0;
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        // It has none.
    }

    @Override
    public void activate(Activation activation) throws IOException {
        Virtqueue only = activation.queue(0).orElseThrow();
        DescriptorChain chain = only.newChain();
        activation.addThread("keeper", new QueueHandler() {
            @Override
            public boolean kicked(Virtqueue queue) throws QueueBreachException {
                while (queue.pop(chain)) {
                    kept.release();
                }
                return queue.heedKicks();
            }
        }, List.of(only));
    }

    @Override
    public void reset() {
        // It remembers nothing.
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
