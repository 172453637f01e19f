package io.drover.vmm.virtio.console;

import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/** The two queues of a port, for one driver. Buffers that were taken and not finished wait here. Owned by the I/O thread. */
final class PortQueues {
    /** Steps in one turn, so that the others have theirs. */
    private static final int BATCH = 32;

    private final Port port;
    private final Virtqueue receive;
    private final Virtqueue transmit;
    private final DescriptorChain room;
    private boolean haveRoom;
    private final DescriptorChain written;
    private boolean haveWritten;

    PortQueues(Port port, Virtqueue receive, Virtqueue transmit) {
        this.port = port;
        this.receive = receive;
        this.transmit = transmit;
        this.room = receive.newChain();
        this.written = transmit.newChain();
    }

    /** Takes what the guest has written; true when there is more at once. */
    boolean take() throws QueueBreachException {
        transmit.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (!haveWritten) {
                if (!transmit.pop(written)) {
                    transmit.publish();
                    if (!transmit.heedKicks()) {
                        return false;
                    }
                    continue;
                }
                haveWritten = true;
            }
            long bytes = written.readable().bytes();
            long done = port.takenBytes();
            if (done < bytes) {
                long taken = port.end().take(written.readable(), done);
                if (taken == 0) {
                    transmit.publish();
                    return false;
                }
                done += taken;
                port.taken(taken);
                port.setTakenBytes(done);
            }
            if (done >= bytes) {
                transmit.push(written.head(), 0);
                haveWritten = false;
                port.setTakenBytes(0);
            }
        }
        transmit.publish();
        return true;
    }

    /** Gives what there is for the guest; true when there is more at once. */
    boolean give() throws QueueBreachException {
        receive.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (!port.mayGive()) {
                receive.publish();
                return false;
            }
            if (!haveRoom) {
                if (!receive.pop(room)) {
                    receive.publish();
                    if (!receive.heedKicks()) {
                        return false;
                    }
                    continue;
                }
                if (room.writable().bytes() == 0) {
                    throw new QueueBreachException("queue " + receive.number()
                            + ": receive buffer : 0 bytes (expected: at least 1)");
                }
                haveRoom = true;
            }
            long given = port.end().give(room.writable());
            if (given > 0) {
                port.given(given);
                receive.push(room.head(), given);
                haveRoom = false;
            }
        }
        receive.publish();
        return true;
    }
}
