package io.drover.vmm.virtio.queue;

/** How a queue tells the driver that there are used buffers. */
public interface QueueInterrupt {
    /** Interrupts the guest, by what it has chosen for this queue. Allocates nothing. */
    void raise(int queue);
}
