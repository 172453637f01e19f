package io.drover.vmm.virtio.queue;

import io.drover.vmm.memory.GuestMemory;

/**
 * Where the driver has put a queue (virtio 1.2, 2.7): as it says, checked by {@link #check}.
 *
 * @param size
 *            descriptors
 * @param descriptors
 *            guest address of the descriptor table
 * @param available
 *            guest address of the ring that the driver fills
 * @param used
 *            guest address of the ring that the device fills
 */
public record QueueLayout(int size, long descriptors, long available, long used) {
    /** The most that the format has. */
    public static final int MAX_SIZE = 32768;

    static final int DESCRIPTOR_BYTES = 16;
    /** Of both rings: flags and index. */
    static final int HEADER_BYTES = 4;
    static final int AVAILABLE_BYTES = 2;
    static final int USED_BYTES = 8;
    /** Behind both rings, for VIRTIO_F_EVENT_IDX. */
    static final int EVENT_BYTES = 2;

    private static final int DESCRIPTOR_ALIGNMENT = 16;
    private static final int AVAILABLE_ALIGNMENT = 2;
    private static final int USED_ALIGNMENT = 4;

    int descriptorsBytes() {
        return DESCRIPTOR_BYTES * size;
    }

    int availableBytes() {
        return HEADER_BYTES + AVAILABLE_BYTES * size + EVENT_BYTES;
    }

    int usedBytes() {
        return HEADER_BYTES + USED_BYTES * size + EVENT_BYTES;
    }

    /**
     * Refuses what no driver may set up.
     *
     * @param maxSize
     *            what the device offers
     */
    public void check(GuestMemory memory, int maxSize) throws QueueBreachException {
        if (size < 1 || size > maxSize || Integer.bitCount(size) != 1) {
            throw new QueueBreachException(
                    "queue size : " + size + " (expected: a power of two, at most " + maxSize + ")");
        }
        check(memory, "descriptor table", descriptors, descriptorsBytes(), DESCRIPTOR_ALIGNMENT);
        check(memory, "available ring", available, availableBytes(), AVAILABLE_ALIGNMENT);
        check(memory, "used ring", used, usedBytes(), USED_ALIGNMENT);
    }

    private static void check(GuestMemory memory, String what, long address, int bytes, int alignment)
            throws QueueBreachException {
        if ((address & (alignment - 1)) != 0 || !memory.contains(address, bytes)) {
            throw new QueueBreachException(what + " : " + bytes + " bytes at 0x" + Long.toHexString(address)
                    + " (expected: in RAM, at a multiple of " + alignment + ")");
        }
    }
}
