package io.drover.vmm.kvm;

import io.drover.vmm.cpuid.CpuidEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** {@code struct kvm_cpuid2} and its {@code struct kvm_cpuid_entry2} (asm/kvm.h). */
final class KvmCpuid {
    static final long HEADER_BYTES = 8;
    static final long NENT = 0;

    static final long ENTRY_BYTES = 40;
    static final long FUNCTION = 0;
    static final long INDEX = 4;
    static final long FLAGS = 8;
    static final long EAX = 12;
    static final long EBX = 16;
    static final long ECX = 20;
    static final long EDX = 24;

    private KvmCpuid() {}

    static MemorySegment allocate(SegmentAllocator allocator, int entries) {
        MemorySegment struct = allocator.allocate(HEADER_BYTES + entries * ENTRY_BYTES, 8);
        struct.set(ValueLayout.JAVA_INT, NENT, entries);
        return struct;
    }

    static MemorySegment of(SegmentAllocator allocator, List<CpuidEntry> entries) {
        MemorySegment struct = allocate(allocator, entries.size());
        long at = HEADER_BYTES;
        for (CpuidEntry entry : entries) {
            struct.set(ValueLayout.JAVA_INT, at + FUNCTION, entry.function());
            struct.set(ValueLayout.JAVA_INT, at + INDEX, entry.index());
            struct.set(ValueLayout.JAVA_INT, at + FLAGS, entry.flags());
            struct.set(ValueLayout.JAVA_INT, at + EAX, entry.eax());
            struct.set(ValueLayout.JAVA_INT, at + EBX, entry.ebx());
            struct.set(ValueLayout.JAVA_INT, at + ECX, entry.ecx());
            struct.set(ValueLayout.JAVA_INT, at + EDX, entry.edx());
            at += ENTRY_BYTES;
        }
        return struct;
    }

    static List<CpuidEntry> read(MemorySegment struct) {
        int count = struct.get(ValueLayout.JAVA_INT, NENT);
        List<CpuidEntry> entries = new ArrayList<>(count);
        for (int entry = 0; entry < count; entry++) {
            long at = HEADER_BYTES + entry * ENTRY_BYTES;
            entries.add(new CpuidEntry(struct.get(ValueLayout.JAVA_INT, at + FUNCTION),
                    struct.get(ValueLayout.JAVA_INT, at + INDEX), struct.get(ValueLayout.JAVA_INT, at + FLAGS),
                    struct.get(ValueLayout.JAVA_INT, at + EAX), struct.get(ValueLayout.JAVA_INT, at + EBX),
                    struct.get(ValueLayout.JAVA_INT, at + ECX), struct.get(ValueLayout.JAVA_INT, at + EDX)));
        }
        return entries;
    }
}
