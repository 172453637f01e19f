package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.virtio.queue.GuestBuffers;

/** What came from the guest and the host's side has not taken yet: a ring as large as the guest's credit. */
final class HeldBytes {
    private final HostBuffer ring = new HostBuffer(Credit.WINDOW_BYTES);
    private int head;
    private int length;

    void clear() {
        head = 0;
        length = 0;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /**
     * Appends bytes of a packet.
     *
     * @param bytes
     *            at least 1, and no more than there is room for
     */
    void add(GuestBuffers source, long offset, int bytes) {
        int tail = (head + length) % Credit.WINDOW_BYTES;
        int first = Math.min(bytes, Credit.WINDOW_BYTES - tail);
        source.copyOut(offset, ring, tail, first);
        if (first < bytes) {
            source.copyOut(offset + first, ring, 0, bytes - first);
        }
        length += bytes;
    }

    /** Makes a vector of all of it, in one piece or two. */
    void describe(IoVector into) {
        into.clear();
        int first = Math.min(length, Credit.WINDOW_BYTES - head);
        into.add(ring.address() + head, first);
        into.add(ring.address(), length - first);
    }

    /** Forgets the first bytes. */
    void remove(int bytes) {
        head = (head + bytes) % Credit.WINDOW_BYTES;
        length -= bytes;
    }
}
