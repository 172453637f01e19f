package io.drover.vmm.virtio.vsock;

/** Resets owed to the guest for packets of no stream. Bounded: while it is full no packets of the guest's are looked at. */
final class Refusals {
    private static final int CAPACITY = 64;

    private final int[] hostPorts = new int[CAPACITY];
    private final int[] guestPorts = new int[CAPACITY];
    private int head;
    private int count;

    boolean isEmpty() {
        return count == 0;
    }

    /** Whether it is time to wait. One more has room even then, for a stream that gives way. */
    boolean isFull() {
        return count >= CAPACITY - 1;
    }

    /** When it is not full, or once when it just became so. */
    void add(int hostPort, int guestPort) {
        int tail = (head + count) % CAPACITY;
        hostPorts[tail] = hostPort;
        guestPorts[tail] = guestPort;
        count++;
    }

    /** Sends the first. When there is one, and room for it. */
    void sendFirst(GuestInbox inbox) {
        inbox.send(hostPorts[head], guestPorts[head], PacketHeader.VIRTIO_VSOCK_OP_RST, 0, 0, 0, 0);
        head = (head + 1) % CAPACITY;
        count--;
    }
}
