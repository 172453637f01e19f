package io.drover.vmm.virtio.net;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/** Sends what the driver has to send, straight out of the guest's memory. Owned by the pair's thread. */
final class Transmitter {
    /** Packets in one turn, so that the other direction has its turns. */
    private static final int BATCH = 64;

    /** How far the packet in the chain has come. */
    private enum Progress {
        NONE, HELD_BACK, PARTLY_SENT
    }

    private final Virtqueue queue;
    private final FramePort port;
    private final Throttle throttle;
    private final NetCounters counters;
    private final DescriptorChain chain;
    private final IoVector packet;
    private Progress progress = Progress.NONE;

    Transmitter(Virtqueue queue, FramePort port, Throttle throttle, NetCounters counters) {
        this.queue = queue;
        this.port = port;
        this.throttle = throttle;
        this.counters = counters;
        this.chain = queue.newChain();
        this.packet = new IoVector(queue.size());
    }

    /**
     * Sends one batch.
     *
     * @return whether there may be more at once; else a kick, the port or the throttle's alarm tells
     */
    boolean run() throws QueueBreachException {
        queue.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (progress == Progress.NONE && !queue.pop(chain)) {
                queue.publish();
                if (!queue.heedKicks()) {
                    return false;
                }
                continue;
            }
            progress = goOn();
            if (progress != Progress.NONE) {
                queue.publish();
                return false;
            }
            queue.push(chain.head(), 0);
        }
        queue.publish();
        return true;
    }

    private Progress goOn() {
        if (progress == Progress.PARTLY_SENT) {
            return port.flush() ? Progress.NONE : Progress.PARTLY_SENT;
        }
        GuestBuffers source = chain.readable();
        long frameBytes = source.bytes() - PacketLayout.HEADER_BYTES;
        if (frameBytes < PacketLayout.MIN_FRAME_BYTES || frameBytes > PacketLayout.MAX_FRAME_BYTES) {
            counters.droppedOut();
            return Progress.NONE;
        }
        if (!throttle.admit(frameBytes)) {
            return Progress.HELD_BACK;
        }
        packet.clear();
        for (int piece = 0; piece < source.count(); piece++) {
            packet.add(source.hostAddress(piece), source.length(piece));
        }
        counters.sent(frameBytes);
        return port.send(packet) ? Progress.NONE : Progress.PARTLY_SENT;
    }
}
