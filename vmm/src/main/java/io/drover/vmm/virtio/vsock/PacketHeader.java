package io.drover.vmm.virtio.vsock;

import io.drover.vmm.virtio.queue.GuestBuffers;

/** {@code struct virtio_vsock_hdr} (virtio 1.2, 5.10.6) of a packet from the guest: each field as it was read, once. */
final class PacketHeader {
    static final int BYTES = 44;

    static final int VIRTIO_VSOCK_TYPE_STREAM = 1;

    static final int VIRTIO_VSOCK_OP_REQUEST = 1;
    static final int VIRTIO_VSOCK_OP_RESPONSE = 2;
    static final int VIRTIO_VSOCK_OP_RST = 3;
    static final int VIRTIO_VSOCK_OP_SHUTDOWN = 4;
    static final int VIRTIO_VSOCK_OP_RW = 5;
    static final int VIRTIO_VSOCK_OP_CREDIT_UPDATE = 6;
    static final int VIRTIO_VSOCK_OP_CREDIT_REQUEST = 7;

    /** Of a SHUTDOWN: who says it will read no more. */
    static final int VIRTIO_VSOCK_SHUTDOWN_RCV = 1;
    /** Of a SHUTDOWN: who says it will send no more. */
    static final int VIRTIO_VSOCK_SHUTDOWN_SEND = 2;
    static final int SHUTDOWN_BOTH = VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND;

    /** Where fields begin; those that a packet to the guest has are written there too. */
    static final int SOURCE_CID = 0;
    static final int DESTINATION_CID = 8;
    static final int SOURCE_PORT = 16;
    static final int DESTINATION_PORT = 20;
    static final int LENGTH = 24;
    /** The type in the lower half, the operation in the upper. */
    static final int TYPE_AND_OPERATION = 28;
    static final int FLAGS = 32;
    static final int BUFFER_BYTES = 36;
    static final int FORWARDED = 40;

    private long sourceCid;
    private long destinationCid;
    private int guestPort;
    private int hostPort;
    private long length;
    private int typeAndOperation;
    private int flags;
    private int bufferBytes;
    private int forwarded;

    /** Reads the next one, of at least {@link #BYTES}. */
    void read(GuestBuffers packet) {
        sourceCid = packet.read64(SOURCE_CID);
        destinationCid = packet.read64(DESTINATION_CID);
        guestPort = packet.read32(SOURCE_PORT);
        hostPort = packet.read32(DESTINATION_PORT);
        length = packet.read32(LENGTH) & 0xFFFF_FFFFL;
        typeAndOperation = packet.read32(TYPE_AND_OPERATION);
        flags = packet.read32(FLAGS);
        bufferBytes = packet.read32(BUFFER_BYTES);
        forwarded = packet.read32(FORWARDED);
    }

    long sourceCid() {
        return sourceCid;
    }

    long destinationCid() {
        return destinationCid;
    }

    /** Unsigned. */
    int guestPort() {
        return guestPort;
    }

    /** Unsigned. */
    int hostPort() {
        return hostPort;
    }

    /** Bytes of data that it says are behind it: less than 4 GiB. */
    long length() {
        return length;
    }

    int type() {
        return typeAndOperation & 0xFFFF;
    }

    int operation() {
        return typeAndOperation >>> 16;
    }

    int flags() {
        return flags;
    }

    /** What the guest's end of the stream has room for in all. Unsigned. */
    int bufferBytes() {
        return bufferBytes;
    }

    /** How much of what it was sent has left that room, counted from the stream's beginning and around at 2^32. */
    int forwarded() {
        return forwarded;
    }
}
