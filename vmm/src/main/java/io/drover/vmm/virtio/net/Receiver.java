package io.drover.vmm.virtio.net;

import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/**
 * Brings what a port receives to the driver. A packet for which there is no room yet waits here, and what comes behind it waits
 * in the network. Owned by the pair's thread.
 */
final class Receiver {
    /** Packets in one turn, so that the other direction has its turns. */
    private static final int BATCH = 64;

    private final Virtqueue queue;
    private final FramePort port;
    private final boolean mergeable;
    private final Throttle throttle;
    private final NetCounters counters;
    /** Where the packet begins, and where it goes on. */
    private final DescriptorChain first;
    private final DescriptorChain further;
    /** Of the buffers that the packet goes over so far: they are given back together. */
    private final int[] heads;
    private final int[] filled;
    private int buffers;
    /** Of the packet that waits; 0 when none does. */
    private int packetBytes;
    private int copied;
    private boolean admitted;
    /** The first buffer has been taken, and was too small for the packet that it was taken for. */
    private boolean firstTaken;
    /** The port had nothing when it was last asked, and has not changed since: asking would be a system call for nothing. */
    private boolean portEmpty;

    /**
     * For a queue that has just been activated.
     *
     * @param mergeable
     *            whether a packet may go over several buffers (VIRTIO_NET_F_MRG_RXBUF)
     */
    Receiver(Virtqueue queue, FramePort port, boolean mergeable, Throttle throttle, NetCounters counters) {
        this.queue = queue;
        this.port = port;
        this.mergeable = mergeable;
        this.throttle = throttle;
        this.counters = counters;
        this.first = queue.newChain();
        this.further = queue.newChain();
        this.heads = new int[queue.size()];
        this.filled = new int[queue.size()];
    }

    /** The port may have something. */
    void portChanged() {
        portEmpty = false;
    }

    /**
     * Receives one batch.
     *
     * @return whether there may be more at once; else a kick, the port or the throttle's alarm tells
     */
    boolean run() throws QueueBreachException {
        if (portEmpty) {
            return false;
        }
        queue.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (packetBytes == 0) {
                packetBytes = port.receive();
                if (packetBytes == 0) {
                    portEmpty = true;
                    queue.publish();
                    return false;
                }
                copied = 0;
                buffers = 0;
                admitted = false;
            }
            if (!admitted) {
                admitted = throttle.admit(packetBytes - PacketLayout.HEADER_BYTES);
                if (!admitted) {
                    queue.publish();
                    return false;
                }
            }
            while (!deliver()) {
                queue.publish();
                if (!queue.heedKicks()) {
                    return false;
                }
            }
            packetBytes = 0;
        }
        queue.publish();
        return true;
    }

    /** False when there are too few buffers. */
    private boolean deliver() throws QueueBreachException {
        while (copied < packetBytes) {
            DescriptorChain chain = buffers == 0 ? first : further;
            if (buffers == 0 && firstTaken) {
                firstTaken = false;
            } else if (buffers == heads.length || !queue.pop(chain)) {
                return false;
            }
            long room = chain.writable().bytes();
            if (room < (buffers == 0 ? PacketLayout.HEADER_BYTES : 1)) {
                throw new QueueBreachException("queue " + queue.number() + ": receive buffer : " + room
                        + " bytes (expected: room for a header of " + PacketLayout.HEADER_BYTES + ")");
            }
            if (!mergeable && room < packetBytes) {
                firstTaken = true;
                counters.droppedIn();
                return true;
            }
            int part = (int) Math.min(room, packetBytes - copied);
            chain.writable().copyIn(0, port.buffer(), port.position() + copied, part);
            heads[buffers] = chain.head();
            filled[buffers] = part;
            buffers++;
            copied += part;
        }
        first.writable().write8(PacketLayout.NUM_BUFFERS, buffers);
        first.writable().write8(PacketLayout.NUM_BUFFERS + 1, buffers >>> 8);
        for (int i = 0; i < buffers; i++) {
            queue.push(heads[i], filled[i]);
        }
        counters.received(packetBytes - PacketLayout.HEADER_BYTES);
        return true;
    }
}
