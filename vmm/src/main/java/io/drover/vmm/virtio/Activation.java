package io.drover.vmm.virtio;

import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What a device gets when its driver is ready. Of use only while {@link VirtioDevice#activate} runs. */
public interface Activation {
    /** What was negotiated: a subset of what the device offers, and of {@link VirtioFeatures}. */
    long features();

    /** A queue, if the driver has enabled it. */
    Optional<Virtqueue> queue(int number);

    /**
     * Adds an I/O thread.
     *
     * @param name
     *            tells it from the device's others
     * @param queues
     *            whose kicks it waits for; each belongs to one thread
     * @return the thread, not started, to be told of files to watch
     * @throws IOException
     *             when this host has no more of what it needs
     */
    IoThread addThread(String name, QueueHandler handler, List<Virtqueue> queues) throws IOException;
}
