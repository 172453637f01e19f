package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_msrs} with its entries (asm/kvm.h). */
public final class KvmMsrs {
    static final long HEADER_BYTES = 8;
    static final long NMSRS = 0;
    static final long ENTRY_BYTES = 16;
    static final long INDEX = 0;
    static final long DATA = 8;

    /** The most that the kernel takes in one call: less than its MAX_IO_MSRS. */
    public static final int MAX_ENTRIES = 255;

    private final MemorySegment struct;
    private final int count;

    /**
     * Entries with value 0.
     *
     * @param indices
     *            at most {@link #MAX_ENTRIES}
     */
    public KvmMsrs(SegmentAllocator allocator, int... indices) {
        struct = allocator.allocate(HEADER_BYTES + indices.length * ENTRY_BYTES, 8);
        count = indices.length;
        struct.set(ValueLayout.JAVA_INT, NMSRS, count);
        for (int i = 0; i < count; i++) {
            struct.set(ValueLayout.JAVA_INT, at(i) + INDEX, indices[i]);
        }
    }

    public int count() {
        return count;
    }

    public long value(int entry) {
        return struct.get(ValueLayout.JAVA_LONG, at(entry) + DATA);
    }

    public void setValue(int entry, long value) {
        struct.set(ValueLayout.JAVA_LONG, at(entry) + DATA, value);
    }

    private static long at(int entry) {
        return HEADER_BYTES + entry * ENTRY_BYTES;
    }

    MemorySegment struct() {
        return struct;
    }
}
