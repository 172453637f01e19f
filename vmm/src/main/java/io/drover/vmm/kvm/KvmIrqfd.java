package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_irqfd} (linux/kvm.h). */
final class KvmIrqfd {
    static final long BYTES = 32;
    static final long FD = 0;
    static final long GSI = 4;

    private KvmIrqfd() {}

    static MemorySegment of(SegmentAllocator allocator, int file, int gsi) {
        MemorySegment struct = allocator.allocate(BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, FD, file);
        struct.set(ValueLayout.JAVA_INT, GSI, gsi);
        return struct;
    }
}
