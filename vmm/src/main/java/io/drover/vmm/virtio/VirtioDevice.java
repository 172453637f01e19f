package io.drover.vmm.virtio;

import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;

/** A device without its transport. Called under the lock of what its driver negotiates, on vCPU threads: must not block. */
public interface VirtioDevice extends AutoCloseable {
    /** Virtio's number of its kind (virtio 1.2, 5): 2 is a block device. */
    int deviceType();

    /** Class, subclass and interface for PCI, three bytes. */
    int pciClass();

    /** The feature bits of its own kind that it offers, as a mask. */
    long features();

    /** Queues that a driver may use: 1 to 64. */
    int queues();

    /** The most descriptors of each queue: a power of two, at most 32768. */
    int maxQueueSize();

    /**
     * Reads its configuration.
     *
     * @param offset
     *            0 to 4095; anything behind its configuration reads as zero
     * @param bytes
     *            1 to 8
     * @return little endian; bits above the size are dropped
     */
    long readConfig(int offset, int bytes);

    /**
     * Writes its configuration; what cannot be written stays.
     *
     * @param negotiated
     *            the features that the driver has accepted so far
     */
    void writeConfig(int offset, int bytes, long value, long negotiated);

    /**
     * The driver is ready: sets up the I/O threads, which start when this returns.
     *
     * @throws IOException
     *             when the device cannot work: it will need a reset
     */
    void activate(Activation activation) throws IOException;

    /**
     * Adds what it remembers beside its queues, if anything. While its I/O threads stand still.
     */
    default void save(SavedVirtio.Builder into) {
        // Most remember nothing.
    }

    /**
     * Remembers what another did. Before {@link #activate}, which comes if the other's driver was ready.
     *
     * @throws SavedStateException
     *             when it cannot have been one like this
     */
    default void load(SavedVirtio saved) throws SavedStateException {
        // Most remember nothing.
    }

    /** Every I/O thread has ended; the device is as new. */
    void reset();

    /** After the last {@link #reset}, when no vCPU runs any more. */
    @Override
    void close();
}
