package io.drover.vmm.virtio;

import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/** The work of one I/O thread. Called on that thread alone. */
public interface QueueHandler {
    /**
     * The driver has kicked, or may have. Does a bounded part of what there is to do.
     *
     * @return true when there is more, for which this is called again, unless the device is to stop
     * @throws QueueBreachException
     *             when the driver has broken the rules: the device will need a reset
     */
    boolean kicked(Virtqueue queue) throws QueueBreachException;

    /**
     * A file that the thread watches can be read.
     *
     * @param source
     *            as {@link IoThread#watch} was told
     */
    default void ready(int source) throws QueueBreachException {
        throw new IllegalStateException("source " + source + " (expected: none)");
    }

    /** The thread ends. */
    default void close() {
        // Most hold nothing.
    }
}
