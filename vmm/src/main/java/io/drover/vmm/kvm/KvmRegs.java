package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct kvm_regs} (asm/kvm.h): general registers, rip and rflags.
 *
 * <p>
 * This and the other structs here are offsets into a segment and not MemoryLayouts: layouts and their var handles would be built
 * at each start of a process that has 150 ms for all of it. StructLayoutTest compares every offset with the C compiler's.
 */
public final class KvmRegs {
    static final long BYTES = 144;

    /** Eight bytes each. */
    public enum Register {
        RAX(0), RBX(8), RCX(16), RDX(24), RSI(32), RDI(40), RSP(48), RBP(56), R8(64), R9(72), R10(80), R11(88),
        R12(96), R13(104), R14(112), R15(120), RIP(128), RFLAGS(136);

        private final long offset;

        Register(long offset) {
            this.offset = offset;
        }

        long offset() {
            return offset;
        }
    }

    private final MemorySegment struct;

    /** All zero. */
    public KvmRegs(SegmentAllocator allocator) {
        this.struct = allocator.allocate(BYTES, 8);
    }

    public long get(Register register) {
        return struct.get(ValueLayout.JAVA_LONG, register.offset());
    }

    public void set(Register register, long value) {
        struct.set(ValueLayout.JAVA_LONG, register.offset(), value);
    }

    MemorySegment struct() {
        return struct;
    }
}
