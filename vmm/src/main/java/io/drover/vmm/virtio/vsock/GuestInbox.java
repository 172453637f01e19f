package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/** The queue of buffers for packets to the guest. One that was taken and not used waits here for the next packet. */
final class GuestInbox {
    /** As Linux has it for packets that it sends: VIRTIO_VSOCK_MAX_PKT_BUF_SIZE. */
    private static final int MAX_DATA_BYTES = 64 << 10;

    private final Virtqueue queue;
    private final DescriptorChain chain;
    private final HostBuffer header = new HostBuffer(PacketHeader.BYTES);
    private final IoVector whole;
    private final IoVector data;
    private boolean taken;

    GuestInbox(Virtqueue queue, long guestCid) {
        this.queue = queue;
        this.chain = queue.newChain();
        this.whole = new IoVector(queue.size());
        this.data = new IoVector(queue.size());
        header.write32(PacketHeader.SOURCE_CID, (int) VsockDevice.HOST_CID);
        header.write32(PacketHeader.DESTINATION_CID, (int) guestCid);
        header.write32(PacketHeader.DESTINATION_CID + Integer.BYTES, (int) (guestCid >>> 32));
    }

    /** Before a turn: no kicks are needed while this thread looks anyway. */
    void begin() {
        queue.ignoreKicks();
    }

    /** Whether a packet can be sent; when not, a kick comes once one can. */
    boolean hasRoom() throws QueueBreachException {
        if (taken) {
            return true;
        }
        while (!queue.pop(chain)) {
            queue.publish();
            if (!queue.heedKicks()) {
                return false;
            }
        }
        if (chain.writable().bytes() <= PacketHeader.BYTES) {
            throw new QueueBreachException("queue " + queue.number() + ": receive buffer : "
                    + chain.writable().bytes() + " bytes (expected: more than a header of " + PacketHeader.BYTES
                    + ")");
        }
        taken = true;
        return true;
    }

    /**
     * Where the next packet's data goes. When there is room.
     *
     * @param most
     *            at least 1
     * @return at least a byte, valid until the packet is sent
     */
    IoVector data(long most) {
        GuestBuffers buffers = chain.writable();
        whole.clear();
        for (int piece = 0; piece < buffers.count(); piece++) {
            whole.add(buffers.hostAddress(piece), buffers.length(piece));
        }
        data.clear();
        whole.slice(PacketHeader.BYTES, Math.min(Math.min(most, MAX_DATA_BYTES), buffers.bytes() - PacketHeader.BYTES),
                data);
        return data;
    }

    /**
     * Sends a packet, with the data that is in its place. When there is room.
     *
     * @param bufferBytes
     *            what the stream's end on this side has room for, and {@code forwarded} how much has left it
     */
    void send(int hostPort, int guestPort, int operation, int flags, int dataBytes, int bufferBytes, int forwarded) {
        header.write32(PacketHeader.SOURCE_PORT, hostPort);
        header.write32(PacketHeader.DESTINATION_PORT, guestPort);
        header.write32(PacketHeader.LENGTH, dataBytes);
        header.write32(PacketHeader.TYPE_AND_OPERATION, PacketHeader.VIRTIO_VSOCK_TYPE_STREAM | operation << 16);
        header.write32(PacketHeader.FLAGS, flags);
        header.write32(PacketHeader.BUFFER_BYTES, bufferBytes);
        header.write32(PacketHeader.FORWARDED, forwarded);
        chain.writable().copyIn(0, header, 0, PacketHeader.BYTES);
        chain.writable().markWritten(PacketHeader.BYTES, dataBytes);
        queue.push(chain.head(), PacketHeader.BYTES + dataBytes);
        taken = false;
    }

    void publish() {
        queue.publish();
    }
}
