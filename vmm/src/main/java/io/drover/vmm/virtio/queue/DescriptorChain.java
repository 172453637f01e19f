package io.drover.vmm.virtio.queue;

import io.drover.vmm.memory.GuestMemory;

/** One request: what the device may read, then what it may write. Made once per queue's thread and filled by each pop. */
public final class DescriptorChain {
    private final GuestBuffers readable;
    private final GuestBuffers writable;
    private int head;

    DescriptorChain(GuestMemory memory, int capacity) {
        readable = new GuestBuffers(memory, capacity);
        writable = new GuestBuffers(memory, capacity);
    }

    void begin(int headIndex) {
        head = headIndex;
        readable.clear();
        writable.clear();
    }

    /** What names the chain in the used ring. */
    public int head() {
        return head;
    }

    /** What the driver has to say. */
    public GuestBuffers readable() {
        return readable;
    }

    /** Where the answer goes. */
    public GuestBuffers writable() {
        return writable;
    }
}
