package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.lang.invoke.VarHandle;

/** The driver's end of a split virtqueue, with as few descriptors in use as the test says. */
public final class TestQueue {
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;

    private final GuestMemory memory;
    private final long descriptors;
    private final int size;
    private final boolean eventIndex;
    private int available;
    private int seen;

    /** At an address that is a multiple of 16, with 64 KiB of room. */
    public TestQueue(GuestMemory memory, long address, int size, boolean eventIndex) throws GuestAddressException {
        this.memory = memory;
        this.descriptors = address;
        this.size = size;
        this.eventIndex = eventIndex;
        memory.fill(address, 0x1_0000, (byte) 0);
    }

    private TestQueue(TestQueue other, GuestMemory memory) {
        this.memory = memory;
        this.descriptors = other.descriptors;
        this.size = other.size;
        this.eventIndex = other.eventIndex;
        this.available = other.available;
        this.seen = other.seen;
    }

    /** The same, in memory that is a copy. */
    public TestQueue movedTo(GuestMemory copy) {
        return new TestQueue(this, copy);
    }

    public long descriptors() {
        return descriptors;
    }

    public long available() {
        return descriptors + 16L * size;
    }

    public long used() {
        return (available() + 6 + 2L * size + 3) & -4;
    }

    public int size() {
        return size;
    }

    /** Writes a descriptor. */
    public void describe(int index, long address, int length, int flags, int next) throws GuestAddressException {
        describeAt(descriptors + 16L * index, address, length, flags, next);
    }

    /** Writes a descriptor of an indirect table. */
    public void describeAt(long at, long address, int length, int flags, int next) throws GuestAddressException {
        memory.write64(at, address);
        memory.write32(at + 8, length);
        memory.write16(at + 12, flags);
        memory.write16(at + 14, next);
    }

    /** Makes a chain available. */
    public void offer(int head) throws GuestAddressException {
        memory.write16(available() + 4 + 2L * (available & (size - 1)), head);
        VarHandle.releaseFence();
        available = (available + 1) & 0xFFFF;
        memory.write16(available() + 2, available);
        VarHandle.fullFence();
    }

    /** Says how far it has got, whatever is true. */
    public void setAvailableIndex(int index) throws GuestAddressException {
        memory.write16(available() + 2, index);
    }

    public int usedIndex() throws GuestAddressException {
        int index = memory.read16(used() + 2);
        VarHandle.acquireFence();
        return index;
    }

    public int usedFlags() throws GuestAddressException {
        return memory.read16(used());
    }

    /** Wants an interrupt once the used index has gone past this. */
    public void setUsedEvent(int index) throws GuestAddressException {
        assertThat(eventIndex).isTrue();
        memory.write16(available() + 4 + 2L * size, index);
        VarHandle.fullFence();
    }

    public int availableEvent() throws GuestAddressException {
        return memory.read16(used() + 4 + 8L * size);
    }

    /** Wants no interrupts, without event indices. */
    public void setNoInterrupt(boolean none) throws GuestAddressException {
        memory.write16(available(), none ? 1 : 0);
        VarHandle.fullFence();
    }

    /** Waits for the next used entry: the head and the bytes written, as one number {@code head << 32 | bytes}. */
    public long awaitUsed() throws GuestAddressException {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (usedIndex() == seen) {
            assertThat(System.nanoTime()).as("used index goes past %s", seen).isLessThan(until);
            Thread.onSpinWait();
        }
        long at = used() + 4 + 8L * (seen & (size - 1));
        seen = (seen + 1) & 0xFFFF;
        return ((long) memory.read32(at) << 32) | (memory.read32(at + 4) & 0xFFFF_FFFFL);
    }
}
