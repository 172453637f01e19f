package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_irq_routing} with its entries (linux/kvm.h): where each GSI leads; one may lead to several pins. */
public final class KvmIrqRouting {
    static final long HEADER_BYTES = 8;
    static final long NR = 0;

    static final long ENTRY_BYTES = 48;
    static final long GSI = 0;
    static final long TYPE = 4;
    static final long IRQCHIP = 16;
    static final long PIN = 20;
    static final long ADDRESS_LO = 16;
    static final long ADDRESS_HI = 20;
    static final long DATA = 24;

    static final int TYPE_IRQCHIP = 1;
    static final int TYPE_MSI = 2;

    public static final int PIC_MASTER = 0;
    public static final int PIC_SLAVE = 1;
    public static final int IOAPIC = 2;

    private final MemorySegment struct;
    private int count;

    /**
     * No routes yet.
     *
     * @param capacity
     *            the most that will be added
     */
    public KvmIrqRouting(SegmentAllocator allocator, int capacity) {
        struct = allocator.allocate(HEADER_BYTES + capacity * ENTRY_BYTES, 8);
    }

    /** To an input of an interrupt controller: {@link #PIC_MASTER} and so on. */
    public void addPin(int gsi, int irqchip, int pin) {
        long entry = add(gsi, TYPE_IRQCHIP);
        struct.set(ValueLayout.JAVA_INT, entry + IRQCHIP, irqchip);
        struct.set(ValueLayout.JAVA_INT, entry + PIN, pin);
    }

    /** To the local APICs that the message names. */
    public void addMessage(int gsi, long address, int data) {
        long entry = add(gsi, TYPE_MSI);
        struct.set(ValueLayout.JAVA_INT, entry + ADDRESS_LO, (int) address);
        struct.set(ValueLayout.JAVA_INT, entry + ADDRESS_HI, (int) (address >>> 32));
        struct.set(ValueLayout.JAVA_INT, entry + DATA, data);
    }

    private long add(int gsi, int type) {
        long entry = HEADER_BYTES + count * ENTRY_BYTES;
        struct.set(ValueLayout.JAVA_INT, entry + GSI, gsi);
        struct.set(ValueLayout.JAVA_INT, entry + TYPE, type);
        count++;
        struct.set(ValueLayout.JAVA_INT, NR, count);
        return entry;
    }

    int count() {
        return count;
    }

    MemorySegment struct() {
        return struct;
    }
}
