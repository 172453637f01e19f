package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_irqfd} (linux/kvm.h). */
final class KvmIrqfd {
    static final long BYTES = 32;
    static final long FD = 0;
    static final long GSI = 4;
    static final long FLAGS = 8;
    /** KVM_IRQFD_FLAG_DEASSIGN. */
    static final int DEASSIGN = 1;

    private KvmIrqfd() {}

    static MemorySegment of(SegmentAllocator allocator, int file, int gsi, int flags) {
        MemorySegment struct = allocator.allocate(BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, FD, file);
        struct.set(ValueLayout.JAVA_INT, GSI, gsi);
        struct.set(ValueLayout.JAVA_INT, FLAGS, flags);
        return struct;
    }
}
