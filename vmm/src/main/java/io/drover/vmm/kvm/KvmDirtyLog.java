package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** The structs of the dirty log (linux/kvm.h): kvm_dirty_log, kvm_clear_dirty_log, and the kvm_enable_cap that it needs. */
final class KvmDirtyLog {
    static final long GET_BYTES = 16;
    static final long GET_SLOT = 0;
    static final long GET_BITMAP = 8;
    static final long CLEAR_BYTES = 24;
    static final long CLEAR_SLOT = 0;
    static final long CLEAR_PAGES = 4;
    static final long CLEAR_FIRST_PAGE = 8;
    static final long CLEAR_BITMAP = 16;
    static final long ENABLE_BYTES = 104;
    static final long ENABLE_CAP = 0;
    static final long ENABLE_ARGS = 8;
    /** KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE. */
    static final long MANUAL_PROTECT_ENABLE = 1;

    private KvmDirtyLog() {}

    static MemorySegment get(SegmentAllocator allocator, int slot, MemorySegment bitmap) {
        MemorySegment struct = allocator.allocate(GET_BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, GET_SLOT, slot);
        struct.set(ValueLayout.JAVA_LONG, GET_BITMAP, bitmap.address());
        return struct;
    }

    static MemorySegment clear(SegmentAllocator allocator, int slot, long firstPage, int pages, MemorySegment bitmap) {
        MemorySegment struct = allocator.allocate(CLEAR_BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, CLEAR_SLOT, slot);
        struct.set(ValueLayout.JAVA_INT, CLEAR_PAGES, pages);
        struct.set(ValueLayout.JAVA_LONG, CLEAR_FIRST_PAGE, firstPage);
        struct.set(ValueLayout.JAVA_LONG, CLEAR_BITMAP, bitmap.address());
        return struct;
    }

    static MemorySegment manualProtection(SegmentAllocator allocator) {
        MemorySegment struct = allocator.allocate(ENABLE_BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, ENABLE_CAP, Capability.MANUAL_DIRTY_LOG_PROTECT2.number());
        struct.set(ValueLayout.JAVA_LONG, ENABLE_ARGS, MANUAL_PROTECT_ENABLE);
        return struct;
    }
}
