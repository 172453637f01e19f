package io.drover.vmm.virtio;

import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;

/** Answers requests one by one, for a {@link RequestLoop}. */
public interface RequestServer extends AutoCloseable {
    /**
     * Whether a request may be served now. One that may not is put back into the ring, and asked about again at the next kick,
     * which the server sees to.
     */
    default boolean admit(DescriptorChain request) {
        return true;
    }

    /**
     * Serves one request, to its end.
     *
     * @return bytes written at the start of what it may write
     * @throws QueueBreachException
     *             when it is none that can be answered at all
     */
    long serve(DescriptorChain request) throws QueueBreachException;

    /** The I/O thread ends. */
    @Override
    default void close() {
        // Most hold nothing.
    }
}
