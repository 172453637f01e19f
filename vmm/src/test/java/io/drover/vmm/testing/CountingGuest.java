package io.drover.vmm.testing;

import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;

/**
 * A guest that counts, for tests that stop it at any instruction. The first CPU counts in a register and in memory, and its timer
 * interrupts it a thousand times a second; a second CPU, if there is one, counts in the same way by itself. Each compares the two
 * after each step, and stops for good at {@link #LOST} when they differ: an instruction was lost or done twice. At
 * {@link #NOW_AND_THEN} it counts rounds of 4096 steps, after each of which it reads the ACPI timer's port: it comes out
 * of the guest for that, and is stopped within an access too.
 */
public final class CountingGuest {
    /** Of 4 bytes each, in memory. */
    public static final long COUNT = 0x5000;
    public static final long TICKS = 0x5004;
    public static final long SECOND_COUNT = 0x5008;
    public static final long LOST = 0x500C;
    public static final long NOW_AND_THEN = 0x5010;

    private static final int TRAMPOLINE = 0x6000;
    private static final int TABLE = 0x4000;
    private static final int TIMER_VECTOR = 0x20;
    private static final int LOAD_ADDRESS = 1 << 20;
    private static final int TIMER_DIVISOR = 1193;
    private static final int APIC_COMMAND = 0xFEE0_0300;
    private static final int ACPI_TIMER = 0x608;

    private CountingGuest() {}

    /**
     * An ELF kernel with a PVH note; needs 2 MiB of memory.
     *
     * @param cpus
     *            1 or 2
     */
    public static byte[] elf(int cpus) {
        Assembler code = new Assembler(LOAD_ADDRESS);
        Label timer = new Label();
        Label trampoline = new Label();
        Label descriptor = new Label();
        Label lost = new Label();

        code.disableInterrupts();
        // The stack, behind the counters' page.
        code.mov(Register.ESP, 0x8000);
        // Gate 0x20: the handler's address in two halves, the flat code segment, a 32-bit interrupt gate.
        code.movAddress(Register.EAX, timer);
        code.bytes(0x66, 0xA3).int32(TABLE + 8 * TIMER_VECTOR);
        code.shiftRight(Register.EAX, 16);
        code.bytes(0x66, 0xA3).int32(TABLE + 8 * TIMER_VECTOR + 6);
        // mov eax, cs; mov [gate + 2], ax; mov word [gate + 4], 0x8E00
        code.bytes(0x8C, 0xC8).bytes(0x66, 0xA3).int32(TABLE + 8 * TIMER_VECTOR + 2);
        code.bytes(0x66, 0xC7, 0x05).int32(TABLE + 8 * TIMER_VECTOR + 4).bytes(0x00, 0x8E);
        code.movAddress(Register.EAX, descriptor).loadInterruptTableAtEax();
        // The PICs at vectors 0x20 and 0x28, the timer's line alone.
        for (int[] write : new int[][] {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}, {0x21, 0xFE}, {0xA0, 0x11},
                {0xA1, 0x28}, {0xA1, 2}, {0xA1, 1}, {0xA1, 0xFF}, {0x43, 0x34}, {0x40, TIMER_DIVISOR & 0xFF},
                {0x40, TIMER_DIVISOR >> 8}}) {
            code.mov(Register.EAX, write[1]).outAl(write[0]);
        }
        if (cpus > 1) {
            // Copies the second CPU's code to where it begins, and sends it there: INIT, then SIPI.
            code.movAddress(Register.ESI, trampoline).mov(Register.EDI, TRAMPOLINE).mov(Register.ECX, 64);
            code.bytes(0xF3, 0xA4);
            code.bytes(0xC7, 0x05).int32(APIC_COMMAND + 0x10).int32(1 << 24);
            code.bytes(0xC7, 0x05).int32(APIC_COMMAND - 0x210).int32(0x1FF);
            code.bytes(0xC7, 0x05).int32(APIC_COMMAND).int32(0x4500);
            // mov ecx, 20000; loop to itself: as the second CPU needs a moment.
            code.mov(Register.ECX, 20_000).bytes(0xE2, 0xFE);
            code.bytes(0xC7, 0x05).int32(APIC_COMMAND + 0x10).int32(1 << 24);
            code.bytes(0xC7, 0x05).int32(APIC_COMMAND).int32(0x4600 | TRAMPOLINE >> 12);
        }
        // EBX and [COUNT] go up together; sti
        code.mov(Register.EBX, 0).bytes(0xFB);
        Label loop = code.here();
        code.add(Register.EBX, 1).bytes(0xFF, 0x05).int32((int) COUNT);
        code.bytes(0x3B, 0x1D).int32((int) COUNT).jumpIfNotZero(lost);
        // test bx, 4095
        code.bytes(0x66, 0xF7, 0xC3, 0xFF, 0x0F).jumpIfNotZero(loop);
        code.bytes(0xFF, 0x05).int32((int) NOW_AND_THEN).mov(Register.EDX, ACPI_TIMER).bytes(0xED).jump(loop);

        code.bind(lost);
        code.disableInterrupts().bytes(0xFF, 0x05).int32((int) LOST);
        Label forGood = code.here();
        code.halt().jump(forGood);

        // push eax; inc [TICKS]; mov al, 0x20; out 0x20, al; pop eax; then what iret does, which a KVM that only emulates cannot:
        // push [esp + 8]; popf; ret 8
        code.bind(timer);
        code.bytes(0x50, 0xFF, 0x05).int32((int) TICKS).bytes(0xB0, 0x20, 0xE6, 0x20, 0x58);
        code.bytes(0xFF, 0x74, 0x24, 0x08, 0x9D, 0xC2, 0x08, 0x00);

        // 16-bit: xor ax, ax; mov ds, ax; xor ecx, ecx; loop: inc ecx; inc dword [n]; cmp ecx, [n]; je loop; inc byte [lost]; hlt
        code.bind(trampoline);
        int count = (int) SECOND_COUNT;
        int wrong = (int) LOST;
        code.bytes(0x31, 0xC0, 0x8E, 0xD8, 0x66, 0x31, 0xC9);
        code.bytes(0x66, 0x41, 0x66, 0xFF, 0x06, count & 0xFF, count >> 8);
        code.bytes(0x66, 0x3B, 0x0E, count & 0xFF, count >> 8, 0x74, -14 & 0xFF);
        code.bytes(0xFE, 0x06, wrong & 0xFF, wrong >> 8, 0xFA, 0xF4, 0xEB, 0xFD);
        code.align(64);

        code.bind(descriptor);
        code.bytes(0xFF, 0x07).int32(TABLE);
        return TinyGuest.elf(code.assemble());
    }
}
