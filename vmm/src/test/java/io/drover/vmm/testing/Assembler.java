package io.drover.vmm.testing;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Just enough of an x86 assembler for a tiny guest. Only encodings that mean the same in 32-bit and in 64-bit mode are here
 * (Intel SDM volume 2), so that one piece of code serves a PVH entry (32-bit) and a Linux one (64-bit).
 */
public final class Assembler {
    /** A place in the code; unbound until {@link #bind}. */
    public static final class Label {
        private int offset = -1;
    }

    public enum Register {
        EAX(0), ECX(1), EDX(2), EBX(3), ESP(4), EBP(5), ESI(6), EDI(7);

        /** As instructions encode it. */
        private final int number;

        Register(int number) {
            this.number = number;
        }
    }

    private record Fixup(int at, Label target, boolean relative) {}

    private final int origin;
    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final List<Fixup> fixups = new ArrayList<>();

    /**
     * @param origin
     *            the address that the code will run at
     */
    public Assembler(int origin) {
        this.origin = origin;
    }

    public void bind(Label label) {
        label.offset = code.size();
    }

    public Label here() {
        Label label = new Label();
        bind(label);
        return label;
    }

    public Assembler bytes(int... values) {
        for (int value : values) {
            code.write(value);
        }
        return this;
    }

    public Assembler data(byte[] values) {
        code.writeBytes(values);
        return this;
    }

    /** Where a label that is bound already will be in the guest's memory. */
    public int address(Label label) {
        return origin + label.offset;
    }

    /** Zero bytes until the next address is a multiple of {@code alignment}. */
    public Assembler align(int alignment) {
        while ((origin + code.size()) % alignment != 0) {
            code.write(0);
        }
        return this;
    }

    /** In 64-bit mode the upper half becomes zero. */
    public Assembler mov(Register register, int value) {
        return bytes(0xB8 + register.number).int32(value);
    }

    public Assembler movAddress(Register register, Label label) {
        bytes(0xB8 + register.number);
        fixups.add(new Fixup(code.size(), label, false));
        return int32(0);
    }

    public Assembler mov(Register to, Register from) {
        return bytes(0x89, 0xC0 | (from.number << 3) | to.number);
    }

    public Assembler add(Register to, Register from) {
        return bytes(0x01, 0xC0 | (from.number << 3) | to.number);
    }

    public Assembler add(Register to, int value) {
        return bytes(0x81, 0xC0 | to.number).int32(value);
    }

    public Assembler and(Register to, int value) {
        return bytes(0x81, 0xE0 | to.number).int32(value);
    }

    public Assembler shiftRight(Register register, int bits) {
        return bytes(0xC1, 0xE8 | register.number, bits);
    }

    public Assembler compare(Register register, int value) {
        return bytes(0x81, 0xF8 | register.number).int32(value);
    }

    public Assembler compareAl(int value) {
        return bytes(0x3C, value);
    }

    public Assembler testAl(int mask) {
        return bytes(0xA8, mask);
    }

    /** Zero-extends AL into the register. */
    public Assembler movFromAl(Register register) {
        return bytes(0x0F, 0xB6, 0xC0 | (register.number << 3));
    }

    public Assembler inAl(int port) {
        return mov(Register.EDX, port).bytes(0xEC);
    }

    public Assembler inAx(int port) {
        return mov(Register.EDX, port).bytes(0x66, 0xED);
    }

    public Assembler outAl(int port) {
        return mov(Register.EDX, port).bytes(0xEE);
    }

    public Assembler outAx(int port) {
        return mov(Register.EDX, port).bytes(0x66, 0xEF);
    }

    public Assembler jump(Label target) {
        return bytes(0xE9).relative(target);
    }

    public Assembler jumpIfZero(Label target) {
        return bytes(0x0F, 0x84).relative(target);
    }

    public Assembler jumpIfNotZero(Label target) {
        return bytes(0x0F, 0x85).relative(target);
    }

    public Assembler call(Label target) {
        return bytes(0xE8).relative(target);
    }

    public Assembler ret() {
        return bytes(0xC3);
    }

    /** AL becomes the byte at ESI, which moves on. */
    public Assembler loadByte() {
        return bytes(0xAC);
    }

    public Assembler disableInterrupts() {
        return bytes(0xFA);
    }

    public Assembler halt() {
        return bytes(0xF4);
    }

    /** UD2: an exception on every CPU, and on those that are emulated too. */
    public Assembler undefined() {
        return bytes(0x0F, 0x0B);
    }

    /** Loads the interrupt table's register from the address in EAX. */
    public Assembler loadInterruptTableAtEax() {
        return bytes(0x0F, 0x01, 0x18);
    }

    public byte[] assemble() {
        byte[] bytes = code.toByteArray();
        for (Fixup fixup : fixups) {
            if (fixup.target.offset < 0) {
                throw new IllegalStateException("label used at " + fixup.at + " was never bound");
            }
            int value = fixup.relative ? fixup.target.offset - (fixup.at + 4) : origin + fixup.target.offset;
            for (int i = 0; i < 4; i++) {
                bytes[fixup.at + i] = (byte) (value >>> (8 * i));
            }
        }
        return bytes;
    }

    /** The distance to a label, of 4 bytes, as jumps end with. */
    Assembler relativeTo(Label target) {
        return relative(target);
    }

    private Assembler relative(Label target) {
        fixups.add(new Fixup(code.size(), target, true));
        return int32(0);
    }

    public Assembler int32(int value) {
        return bytes(value, value >>> 8, value >>> 16, value >>> 24);
    }
}
