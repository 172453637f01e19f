package io.drover.vmm.testing;

import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;

/**
 * A guest that writes to its memory all the time, for tests that move it meanwhile. It counts from 1 on, and writes each
 * number into the next of its pages, round and round. Before that it looks whether the page has the number that it wrote there
 * last; if it has another it stops for good at {@link #LOST}: a write was lost, or came twice.
 */
public final class DirtyingGuest {
    /** Of 4 bytes each, in memory: what it has counted to, and whether something was lost. */
    public static final long COUNT = 0x5000;
    public static final long LOST = 0x5004;
    /** Where its pages begin. */
    public static final long PAGES = 4 << 20;

    private static final int LOAD_ADDRESS = 1 << 20;

    private DirtyingGuest() {}

    /**
     * An ELF kernel with a PVH note; needs 4 MiB of memory and its pages.
     *
     * @param pages
     *            a power of two
     */
    public static byte[] elf(int pages) {
        Assembler code = new Assembler(LOAD_ADDRESS);
        Label expected = new Label();
        Label lost = new Label();
        code.disableInterrupts().mov(Register.EBX, 0);
        Label loop = code.here();
        // The page: its number times 4096, behind the first.
        code.mov(Register.EAX, Register.EBX).and(Register.EAX, pages - 1);
        code.bytes(0xC1, 0xE0, 12).add(Register.EAX, (int) PAGES);
        // What it has: a round less than what is to be written, and nothing in the first round. jns expected
        code.mov(Register.ECX, Register.EBX).add(Register.ECX, 1 - pages).bytes(0x0F, 0x89);
        code.relativeTo(expected);
        code.mov(Register.ECX, 0);
        code.bind(expected);
        // cmp [eax], ecx
        code.bytes(0x39, 0x08).jumpIfNotZero(lost);
        code.add(Register.EBX, 1);
        // mov [eax], ebx; mov [COUNT], ebx
        code.bytes(0x89, 0x18).bytes(0x89, 0x1D).int32((int) COUNT);
        code.jump(loop);
        code.bind(lost);
        code.bytes(0xFF, 0x05).int32((int) LOST);
        Label forGood = code.here();
        code.halt().jump(forGood);
        return TinyGuest.elf(code.assemble());
    }
}
