package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/** {@code struct kvm_sregs} (asm/kvm.h): segments, descriptor tables, control registers and the APIC base. */
public final class KvmSregs {
    static final long BYTES = 312;

    /** {@code struct kvm_segment}. */
    static final long SEGMENT_BYTES = 24;
    static final long SEGMENT_BASE = 0;
    static final long SEGMENT_LIMIT = 8;
    static final long SEGMENT_SELECTOR = 12;
    static final long SEGMENT_TYPE = 14;
    static final long SEGMENT_PRESENT = 15;
    static final long SEGMENT_DPL = 16;
    static final long SEGMENT_DB = 17;
    static final long SEGMENT_S = 18;
    static final long SEGMENT_L = 19;
    static final long SEGMENT_G = 20;
    static final long SEGMENT_AVL = 21;
    static final long SEGMENT_UNUSABLE = 22;

    /** {@code struct kvm_dtable}. */
    static final long TABLE_BASE = 0;
    static final long TABLE_LIMIT = 8;

    static final long GDT = 192;
    static final long IDT = 208;

    /** Each a {@code struct kvm_segment}. */
    public enum SegmentRegister {
        CS(0), DS(24), ES(48), FS(72), GS(96), SS(120), TR(144), LDT(168);

        private final long offset;

        SegmentRegister(long offset) {
            this.offset = offset;
        }

        long offset() {
            return offset;
        }
    }

    /** The 64-bit registers behind the tables. */
    public enum Control {
        CR0(224), CR2(232), CR3(240), CR4(248), CR8(256), EFER(264), APIC_BASE(272);

        private final long offset;

        Control(long offset) {
            this.offset = offset;
        }

        long offset() {
            return offset;
        }
    }

    private final MemorySegment struct;

    /** All zero: fill it by {@link KvmVcpu#readSregs} before a change, since most of it has a meaning. */
    public KvmSregs(SegmentAllocator allocator) {
        this.struct = allocator.allocate(BYTES, 8);
    }

    public long get(Control register) {
        return struct.get(ValueLayout.JAVA_LONG, register.offset());
    }

    public void set(Control register, long value) {
        struct.set(ValueLayout.JAVA_LONG, register.offset(), value);
    }

    /**
     * Sets a segment register's hidden part whole.
     *
     * @param limitBytes
     *            the last offset in the segment, in bytes also where {@code flags} has the granularity bit
     * @param flags
     *            as in a descriptor's second word, moved down by 8: type in bits 0-3, S 4, DPL 5-6, P 7, AVL 12,
     *            L 13, D/B 14, G 15 (Intel SDM 3, 3.4.5)
     */
    public void setSegment(SegmentRegister register, int selector, long base, int limitBytes, int flags) {
        long at = register.offset();
        struct.set(ValueLayout.JAVA_LONG, at + SEGMENT_BASE, base);
        struct.set(ValueLayout.JAVA_INT, at + SEGMENT_LIMIT, limitBytes);
        struct.set(ValueLayout.JAVA_SHORT, at + SEGMENT_SELECTOR, (short) selector);
        setByte(at + SEGMENT_TYPE, flags & 0xF);
        setByte(at + SEGMENT_S, flags >> 4 & 1);
        setByte(at + SEGMENT_DPL, flags >> 5 & 3);
        setByte(at + SEGMENT_PRESENT, flags >> 7 & 1);
        setByte(at + SEGMENT_AVL, flags >> 12 & 1);
        setByte(at + SEGMENT_L, flags >> 13 & 1);
        setByte(at + SEGMENT_DB, flags >> 14 & 1);
        setByte(at + SEGMENT_G, flags >> 15 & 1);
        setByte(at + SEGMENT_UNUSABLE, 1 - (flags >> 7 & 1));
    }

    /** Zero-extended. */
    public int selector(SegmentRegister register) {
        return struct.get(ValueLayout.JAVA_SHORT, register.offset() + SEGMENT_SELECTOR) & 0xFFFF;
    }

    public long base(SegmentRegister register) {
        return struct.get(ValueLayout.JAVA_LONG, register.offset() + SEGMENT_BASE);
    }

    public void setGdt(long base, int limit) {
        struct.set(ValueLayout.JAVA_LONG, GDT + TABLE_BASE, base);
        struct.set(ValueLayout.JAVA_SHORT, GDT + TABLE_LIMIT, (short) limit);
    }

    public void setIdt(long base, int limit) {
        struct.set(ValueLayout.JAVA_LONG, IDT + TABLE_BASE, base);
        struct.set(ValueLayout.JAVA_SHORT, IDT + TABLE_LIMIT, (short) limit);
    }

    private void setByte(long offset, int value) {
        struct.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    MemorySegment struct() {
        return struct;
    }
}
