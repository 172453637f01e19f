package io.drover.vmm.virtio.queue;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The device's end of a split virtqueue. Owned by one thread, which does
 *
 * <pre>
 * do {
 *     queue.ignoreKicks();
 *     while (queue.pop(chain)) { …; queue.push(chain.head(), written); }
 *     queue.publish();
 * } while (queue.heedKicks());
 * </pre>
 *
 * and then waits for the next kick. Nothing here allocates, but for a breach.
 *
 * <p>
 * What orders memory: an acquire fence between reading the available ring's index and the ring; a release fence between the used
 * ring's entries and its index; a full fence between writing our side of an event index and reading the driver's index, and the
 * other way round, as each side then sees the other's write or has its own seen.
 */
public final class Virtqueue {
    private static final int VIRTQ_DESC_F_NEXT = 1;
    private static final int VIRTQ_DESC_F_WRITE = 2;
    private static final int VIRTQ_DESC_F_INDIRECT = 4;
    private static final int VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
    private static final int VIRTQ_USED_F_NO_NOTIFY = 1;

    private static final int FLAGS = 0;
    private static final int INDEX = 2;
    private static final int RING = QueueLayout.HEADER_BYTES;
    /** Indices count on past the queue's size, and around at this. */
    private static final int INDEX_MASK = 0xFFFF;
    private static final long MAX_CHAIN_BYTES = 0xFFFF_FFFFL;

    private final int number;
    private final GuestMemory memory;
    private final int size;
    private final boolean indirect;
    private final boolean eventIndex;
    private final QueueInterrupt interrupt;
    private final ByteBuffer descriptors;
    private final ByteBuffer available;
    private final ByteBuffer used;
    /** The guest's address of it. */
    private final long usedAddress;
    private final boolean[] inFlight;

    /** What {@link #pop} takes next. */
    private int nextAvailable;
    /** What {@link #push} writes next. */
    private int nextUsed;
    /** The index that the driver was last told. */
    private int published;
    /** Set by whoever pauses or stops the queue's thread. */
    private volatile boolean held;

    /**
     * A queue in which nothing has happened yet.
     *
     * @param number
     *            of the device's queues, from 0
     * @param layout
     *            as the driver says
     * @param maxSize
     *            the most descriptors that the device offers
     * @param indirect
     *            VIRTIO_F_INDIRECT_DESC was negotiated
     * @param eventIndex
     *            VIRTIO_F_EVENT_IDX was negotiated
     * @throws QueueBreachException
     *             when the layout cannot be
     */
    public Virtqueue(int number, GuestMemory memory, QueueLayout layout, int maxSize, boolean indirect,
            boolean eventIndex, QueueInterrupt interrupt) throws QueueBreachException {
        layout.check(memory, maxSize);
        this.number = number;
        this.memory = memory;
        this.size = layout.size();
        this.indirect = indirect;
        this.eventIndex = eventIndex;
        this.interrupt = interrupt;
        this.inFlight = new boolean[size];
        this.usedAddress = layout.used();
        try {
            descriptors = memory.buffer(layout.descriptors(), layout.descriptorsBytes());
            available = memory.buffer(layout.available(), layout.availableBytes());
            used = memory.buffer(layout.used(), layout.usedBytes());
        } catch (GuestAddressException e) {
            throw new IllegalStateException("the layout was checked", e);
        }
    }

    /** Which of the device's queues it is. */
    public int number() {
        return number;
    }

    /** Descriptors, a power of two. */
    public int size() {
        return size;
    }

    /** A chain to pop into, large enough for this queue's. */
    public DescriptorChain newChain() {
        return new DescriptorChain(memory, size);
    }

    /**
     * Holds the queue, or lets it go on: one that is held gives no chain, so that its thread comes to an end with what it has.
     * What comes meanwhile is found by the next {@link #pop}, which there must be without a kick. Any thread.
     */
    public void hold(boolean hold) {
        held = hold;
    }

    /**
     * What {@link #pop} would take next if all that was popped and not given back were put back. Chains are given back in the
     * order in which they came, so those are the last ones, and the driver's ring still has them: there are never more than it
     * has room for. While the queue's thread stands still.
     */
    public int nextToTake() {
        int unanswered = 0;
        for (boolean flying : inFlight) {
            unanswered += flying ? 1 : 0;
        }
        return (nextAvailable - unanswered) & INDEX_MASK;
    }

    /** Where in the used ring the next chain is given back. While the queue's thread stands still. */
    public int nextToGive() {
        return nextUsed;
    }

    /**
     * Goes on where another queue stood, with the same rings. Before the first {@link #pop}, which sees whether the driver's
     * index goes with it.
     *
     * @param take
     *            its {@link #nextToTake}
     * @param give
     *            its {@link #nextToGive}
     */
    public void goOnAt(int take, int give) {
        nextAvailable = take & INDEX_MASK;
        nextUsed = give & INDEX_MASK;
        published = nextUsed;
    }

    /**
     * Takes the next chain that the driver has made available.
     *
     * @param chain
     *            of {@link #newChain}; holds the chain until the next pop into it
     * @return false when there is none, or the queue is held
     * @throws QueueBreachException
     *             when the ring or the chain is not what a driver may write
     */
    public boolean pop(DescriptorChain chain) throws QueueBreachException {
        if (held) {
            return false;
        }
        int index = available.getShort(INDEX) & INDEX_MASK;
        int waiting = (index - nextAvailable) & INDEX_MASK;
        if (waiting == 0) {
            return false;
        }
        if (waiting > size) {
            throw breach("available index", index, "at most " + size + " beyond " + nextAvailable);
        }
        VarHandle.acquireFence();
        int head = available.getShort(RING + QueueLayout.AVAILABLE_BYTES * (nextAvailable & (size - 1))) & INDEX_MASK;
        if (head >= size) {
            throw breach("available descriptor", head, "less than " + size);
        }
        if (inFlight[head]) {
            throw breach("available descriptor", head, "one that is not in use");
        }
        chain.begin(head);
        walk(chain, head);
        inFlight[head] = true;
        nextAvailable = (nextAvailable + 1) & INDEX_MASK;
        return true;
    }

    /**
     * Puts back the chain that was popped last, as if it never had been: the next pop takes it again, as the driver has it then.
     */
    public void putBack(DescriptorChain chain) {
        if (!inFlight[chain.head()]) {
            throw new IllegalStateException("descriptor " + chain.head() + " (expected: one that was popped)");
        }
        inFlight[chain.head()] = false;
        nextAvailable = (nextAvailable - 1) & INDEX_MASK;
    }

    private void walk(DescriptorChain chain, int head) throws QueueBreachException {
        int index = head;
        // As a chain may not be longer than the queue, a loop ends here too.
        for (int left = size; left > 0; left--) {
            int at = QueueLayout.DESCRIPTOR_BYTES * index;
            long address = descriptors.getLong(at);
            long rest = descriptors.getLong(at + Long.BYTES);
            int flags = flags(rest);
            if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
                if (!indirect || (flags & VIRTQ_DESC_F_NEXT) != 0) {
                    throw breach("flags of descriptor " + index, flags,
                            indirect ? "not both NEXT and INDIRECT" : "no INDIRECT, as it was not negotiated");
                }
                walkIndirect(chain, address, length(rest), left);
                return;
            }
            add(chain, address, rest);
            if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
                return;
            }
            index = next(rest);
            if (index >= size) {
                throw breach("next descriptor", index, "less than " + size);
            }
        }
        throw breach("descriptors of a chain", size + 1L, "at most " + size);
    }

    /**
     * Goes through a table of its own.
     *
     * @param most
     *            descriptors that the chain may still have
     */
    private void walkIndirect(DescriptorChain chain, long table, long bytes, int most) throws QueueBreachException {
        long entries = bytes / QueueLayout.DESCRIPTOR_BYTES;
        if (bytes == 0 || bytes % QueueLayout.DESCRIPTOR_BYTES != 0 || entries > size) {
            throw breach("bytes of an indirect table", bytes, "16 to " + QueueLayout.DESCRIPTOR_BYTES * size
                    + ", in steps of 16");
        }
        try {
            // The table is looked at as one range, so that no sum below can leave it.
            memory.hostAddress(table, bytes);
            int index = 0;
            for (int left = most; left > 0; left--) {
                long at = table + (long) QueueLayout.DESCRIPTOR_BYTES * index;
                long address = memory.read64(at);
                long rest = memory.read64(at + Long.BYTES);
                int flags = flags(rest);
                if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
                    throw breach("flags of an indirect descriptor", flags, "no INDIRECT");
                }
                add(chain, address, rest);
                if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
                    return;
                }
                index = next(rest);
                if (index >= entries) {
                    throw breach("next indirect descriptor", index, "less than " + entries);
                }
            }
        } catch (GuestAddressException e) {
            throw new QueueBreachException("indirect table : " + e.getMessage());
        }
        throw breach("descriptors of a chain", size + 1L, "at most " + size);
    }

    private void add(DescriptorChain chain, long address, long rest) throws QueueBreachException {
        long length = length(rest);
        if (chain.readable().bytes() + chain.writable().bytes() + length > MAX_CHAIN_BYTES) {
            throw breach("bytes of a chain", chain.readable().bytes() + chain.writable().bytes() + length,
                    "less than 4 GiB");
        }
        try {
            if ((flags(rest) & VIRTQ_DESC_F_WRITE) != 0) {
                chain.writable().add(address, length);
            } else if (chain.writable().count() > 0) {
                throw breach("flags of a descriptor", flags(rest), "WRITE, as one before it has it");
            } else {
                chain.readable().add(address, length);
            }
        } catch (GuestAddressException e) {
            throw new QueueBreachException("descriptor : " + e.getMessage());
        }
    }

    /**
     * Gives a chain back; the driver sees it after the next {@link #publish}.
     *
     * @param head
     *            of a chain that was popped and not given back yet
     * @param written
     *            bytes at the start of what the device may write that it has written
     */
    public void push(int head, long written) {
        if (!inFlight[head]) {
            throw new IllegalStateException("descriptor " + head + " (expected: one that was popped)");
        }
        inFlight[head] = false;
        int at = RING + QueueLayout.USED_BYTES * (nextUsed & (size - 1));
        used.putInt(at, head);
        used.putInt(at + Integer.BYTES, (int) written);
        memory.markWritten(usedAddress + at, QueueLayout.USED_BYTES);
        nextUsed = (nextUsed + 1) & INDEX_MASK;
    }

    /** Whether something was pushed that is not published. */
    public boolean hasUnpublished() {
        return nextUsed != published;
    }

    /** Shows the driver everything that was pushed, and interrupts it if it wants that; else does nothing. */
    public void publish() {
        if (nextUsed == published) {
            return;
        }
        VarHandle.releaseFence();
        used.putShort(INDEX, (short) nextUsed);
        memory.markWritten(usedAddress + INDEX, Short.BYTES);
        int before = published;
        published = nextUsed;
        // The driver writes what it wants and then looks at the index; we write the index and then look at what it wants.
        VarHandle.fullFence();
        if (wantsInterrupt(before)) {
            interrupt.raise(number);
        }
    }

    private boolean wantsInterrupt(int before) {
        if (eventIndex) {
            int event = available.getShort(RING + QueueLayout.AVAILABLE_BYTES * size) & INDEX_MASK;
            return ((nextUsed - event - 1) & INDEX_MASK) < ((nextUsed - before) & INDEX_MASK);
        }
        return (available.getShort(FLAGS) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
    }

    /** Tells the driver not to kick, as this thread looks anyway. */
    public void ignoreKicks() {
        // With event indices the one that was asked for is behind us already, and no other kick comes.
        if (!eventIndex) {
            used.putShort(FLAGS, (short) VIRTQ_USED_F_NO_NOTIFY);
            memory.markWritten(usedAddress, Short.BYTES);
        }
    }

    /**
     * Asks the driver to kick for what comes next.
     *
     * @return true when something has come meanwhile, for which there may be no kick; false while the queue is held
     */
    public boolean heedKicks() {
        if (eventIndex) {
            used.putShort(RING + QueueLayout.USED_BYTES * size, (short) nextAvailable);
            memory.markWritten(usedAddress + RING + (long) QueueLayout.USED_BYTES * size, Short.BYTES);
        } else {
            used.putShort(FLAGS, (short) 0);
            memory.markWritten(usedAddress, Short.BYTES);
        }
        VarHandle.fullFence();
        return (available.getShort(INDEX) & INDEX_MASK) != nextAvailable && !held;
    }

    /** How far the driver's index has come: another one means that it has made something available. */
    public int offered() {
        return available.getShort(INDEX) & INDEX_MASK;
    }

    /**
     * Asks the driver to kick for what it makes available next, even if there is something already that nobody takes.
     *
     * @param offered
     *            as of {@link #offered}: what came since then may bring no kick, so look once more
     */
    public void heedNext(int offered) {
        if (eventIndex) {
            used.putShort(RING + QueueLayout.USED_BYTES * size, (short) offered);
        } else {
            used.putShort(FLAGS, (short) 0);
        }
        VarHandle.fullFence();
    }

    private QueueBreachException breach(String what, long value, String expected) {
        return new QueueBreachException(
                "queue " + number + ": " + what + " : " + value + " (expected: " + expected + ")");
    }

    private static long length(long rest) {
        return rest & 0xFFFF_FFFFL;
    }

    private static int flags(long rest) {
        return (int) (rest >>> 32) & 0xFFFF;
    }

    private static int next(long rest) {
        return (int) (rest >>> 48);
    }
}
