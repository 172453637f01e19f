package io.drover.vmm.virtio.vsock;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Rings that are used again: they are not on the heap, and only the garbage collector gives them back. There are never more than
 * there were streams at once whose clients did not read.
 */
final class HeldBytesPool {
    private final Deque<HeldBytes> free = new ArrayDeque<>();

    HeldBytes take() {
        HeldBytes taken = free.poll();
        return taken == null ? new HeldBytes() : taken;
    }

    void giveBack(HeldBytes ring) {
        ring.clear();
        free.push(ring);
    }
}
