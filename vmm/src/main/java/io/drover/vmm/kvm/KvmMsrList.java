package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_msr_list} with its indices (asm/kvm.h). */
final class KvmMsrList {
    static final long HEADER_BYTES = 4;

    private KvmMsrList() {}

    static MemorySegment allocate(SegmentAllocator allocator, int capacity) {
        MemorySegment struct = allocator.allocate(HEADER_BYTES + (long) capacity * Integer.BYTES, 4);
        struct.set(ValueLayout.JAVA_INT, 0, capacity);
        return struct;
    }

    /** How many there are, which may be more than there was room for. */
    static int count(MemorySegment struct) {
        return struct.get(ValueLayout.JAVA_INT, 0);
    }

    static int[] read(MemorySegment struct) {
        int[] indices = new int[count(struct)];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = struct.get(ValueLayout.JAVA_INT, HEADER_BYTES + (long) i * Integer.BYTES);
        }
        return indices;
    }
}
