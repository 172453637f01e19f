package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_ioeventfd} (linux/kvm.h), for memory-mapped writes of any length and value. */
final class KvmIoeventfd {
    static final long BYTES = 64;
    static final long ADDR = 8;
    static final long LEN = 16;
    static final long FD = 20;
    static final long FLAGS = 24;

    static final int DEASSIGN = 1 << 2;

    private KvmIoeventfd() {}

    static MemorySegment of(SegmentAllocator allocator, int file, long guestAddress, int flags) {
        // LEN stays 0: a write of any length, for which KVM need not even decode the instruction.
        MemorySegment struct = allocator.allocate(BYTES, 8);
        struct.set(ValueLayout.JAVA_LONG, ADDR, guestAddress);
        struct.set(ValueLayout.JAVA_INT, FD, file);
        struct.set(ValueLayout.JAVA_INT, FLAGS, flags);
        return struct;
    }
}
