package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_irq_level} (linux/kvm.h): one level of one line, ready to be sent by any number of threads. */
public final class KvmIrqLevel {
    static final long BYTES = 8;
    static final long IRQ = 0;
    static final long LEVEL = 4;

    private final MemorySegment struct;

    /**
     * A level of a line.
     *
     * @param gsi
     *            number of the line: 0 to 23, the IOAPIC's pins, and to 15 also the PICs'
     */
    public KvmIrqLevel(SegmentAllocator allocator, int gsi, boolean asserted) {
        MemorySegment filled = allocator.allocate(BYTES, 8);
        filled.set(ValueLayout.JAVA_INT, IRQ, gsi);
        filled.set(ValueLayout.JAVA_INT, LEVEL, asserted ? 1 : 0);
        this.struct = filled.asReadOnly();
    }

    MemorySegment struct() {
        return struct;
    }
}
