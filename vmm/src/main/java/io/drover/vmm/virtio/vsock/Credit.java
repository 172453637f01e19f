package io.drover.vmm.virtio.vsock;

/**
 * How much each end of a stream may still send (virtio 1.2, 5.10.6.3). Each tells the other how large its buffer is and how many
 * bytes have left it; the other sends no more than fits. Counts go around at 2^32. Whatever the guest claims, what this allows it
 * to send is bounded by {@link #WINDOW_BYTES}.
 */
final class Credit {
    /** Of a stream's buffer for what comes from the guest. */
    static final int WINDOW_BYTES = 64 << 10;
    /** The guest is told of free room at the latest when this much of it is news. */
    private static final int NEWS_BYTES = WINDOW_BYTES / 2;

    /** To the guest. */
    private int sent;
    private int guestBufferBytes;
    private int guestForwarded;

    /** From the guest. */
    private int received;
    private int forwarded;
    private int told;

    /** The guest has said what it has room for, as each of its packets does. */
    void heard(int bufferBytes, int forwardedBytes) {
        guestBufferBytes = bufferBytes;
        guestForwarded = forwardedBytes;
    }

    /** Bytes that the guest has room for: less than 4 GiB. */
    long maySend() {
        long inFlight = Integer.toUnsignedLong(sent - guestForwarded);
        // A guest that has forwarded more than it was sent, or has shrunk its buffer, has no room.
        return Math.max(0, Integer.toUnsignedLong(guestBufferBytes) - inFlight);
    }

    /** Has been sent to the guest: at most {@link #maySend}. */
    void sent(int bytes) {
        sent += bytes;
    }

    /**
     * Takes what the guest has sent.
     *
     * @return false when that is more than it was told that there is room for; nothing is taken then
     */
    boolean receive(long bytes) {
        if (bytes > WINDOW_BYTES - held()) {
            return false;
        }
        received += (int) bytes;
        return true;
    }

    /** What was received and not forwarded: 0 to {@link #WINDOW_BYTES}. */
    int held() {
        return received - forwarded;
    }

    /** The host's side has taken some of what is held. */
    void forward(int bytes) {
        forwarded += bytes;
    }

    /** Whether the guest is to be told of room, if nothing else is sent to it. */
    boolean isNews() {
        return forwarded - told >= NEWS_BYTES;
    }

    /** What a packet to the guest says has left the buffer; the guest knows from now on. */
    int tell() {
        told = forwarded;
        return forwarded;
    }
}
