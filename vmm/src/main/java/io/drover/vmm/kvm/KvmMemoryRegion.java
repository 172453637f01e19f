package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_userspace_memory_region} (linux/kvm.h). */
final class KvmMemoryRegion {
    static final long BYTES = 32;
    static final long SLOT = 0;
    static final long FLAGS = 4;
    static final long GUEST_PHYS_ADDR = 8;
    static final long MEMORY_SIZE = 16;
    static final long USERSPACE_ADDR = 24;

    /** KVM_MEM_LOG_DIRTY_PAGES. */
    static final int LOG_DIRTY_PAGES = 1;

    private KvmMemoryRegion() {}

    static MemorySegment of(SegmentAllocator allocator, int slot, int flags, long guestAddress, MemorySegment host) {
        MemorySegment struct = allocator.allocate(BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, SLOT, slot);
        struct.set(ValueLayout.JAVA_INT, FLAGS, flags);
        struct.set(ValueLayout.JAVA_LONG, GUEST_PHYS_ADDR, guestAddress);
        struct.set(ValueLayout.JAVA_LONG, MEMORY_SIZE, host.byteSize());
        struct.set(ValueLayout.JAVA_LONG, USERSPACE_ADDR, host.address());
        return struct;
    }
}
