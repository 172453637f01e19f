package io.drover.vmm.testing;

import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest of a few hundred bytes for tests, as an ELF kernel that boots by PVH and as a bzImage. It runs under our VMM and under
 * {@code qemu-system-x86_64 -M q35 -kernel} alike: it prints a banner line on COM1, echoes what it receives, and obeys commands.
 *
 * <p>
 * A command is a line of one letter ({@link #POWER_OFF} and its neighbours include the line's end); other lines are only
 * echoed. A received CR or LF is echoed as CR LF. On the ACPI power button it powers off, unless {@link #TOGGLE_BUTTON} told it
 * to ignore that. It polls, with interrupts off: one vCPU is always busy.
 */
public final class TinyGuest {
    /** Powers off by ACPI S5. */
    public static final String POWER_OFF = "p\n";
    /** Reboots by the keyboard controller. */
    public static final String REBOOT = "r\n";
    /** Reports a panic to pvpanic and halts. QEMU wants {@code -device pvpanic}. */
    public static final String PANIC = "x\n";
    /** Triple fault. */
    public static final String TRIPLE_FAULT = "t\n";
    /** Halts for good, with interrupts off. */
    public static final String HALT = "h\n";
    /** Spins for good without an exit; ignores console and power button. */
    public static final String SPIN = "l\n";
    /** Prints {@link #burst} as fast as it can. */
    public static final String BURST = "b\n";
    /** Ignores the power button from now on, or heeds it again; answers with {@link #IGNORING} or {@link #HEEDING}. */
    public static final String TOGGLE_BUTTON = "g\n";

    public static final String IGNORING = "ignoring the power button";
    public static final String HEEDING = "heeding the power button";

    /** Length of {@link #burst}. */
    public static final int BURST_BYTES = 64 << 10;

    private static final int COM1 = 0x3F8;
    private static final int FIFO_CONTROL = COM1 + 2;
    private static final int LINE_STATUS = COM1 + 5;
    private static final int DATA_READY = 1;
    private static final int TRANSMIT_EMPTY = 1 << 5;
    private static final int PM1_STATUS = 0x600;
    private static final int PM1_ENABLE = 0x602;
    private static final int PM1_CONTROL = 0x604;
    private static final int POWER_BUTTON = 1 << 8;
    /** SLP_EN with sleep type 0: S5 for our machine and for QEMU's. */
    private static final int SLEEP_S5 = 1 << 13;
    private static final int KEYBOARD_COMMAND = 0x64;
    private static final int PULSE_RESET = 0xFE;
    private static final int PVPANIC = 0x505;
    private static final int PANICKED = 1;

    /** Where the ELF's one segment, or the bzImage's protected-mode part, is loaded. */
    private static final int LOAD_ADDRESS = 1 << 20;
    private static final int STACK_BYTES = 4096;
    private static final int ELF_HEADERS_BYTES = 0x1000;
    private static final int SECTOR_BYTES = 512;
    /** The 64-bit entry of a bzImage, from its protected-mode part: Documentation/arch/x86/boot.rst. */
    private static final int ENTRY_64 = 0x200;
    /** Where the code of a {@link #bzImage(byte[])} begins in the guest's memory. */
    static final int ADDRESS_64 = LOAD_ADDRESS + ENTRY_64;

    private final String banner;

    private TinyGuest(String banner) {
        this.banner = banner;
    }

    /**
     * A guest that prints {@code banner} and a line's end when it starts.
     *
     * @param banner
     *            ASCII, without a line's end or a NUL
     */
    public static TinyGuest withBanner(String banner) {
        return new TinyGuest(banner);
    }

    /** What {@link #BURST} prints: lines of 64 bytes, each another rotation of the same characters, so that a loss shows. */
    public static String burst() {
        StringBuilder text = new StringBuilder(BURST_BYTES);
        for (int i = 0; i < BURST_BYTES; i++) {
            text.append((i & 63) == 63 ? '\n' : (char) ('0' + ((i + (i >> 6)) & 63)));
        }
        return text.toString();
    }

    /** An ELF64 kernel with a PVH note, loaded at 1 MiB; needs 2 MiB of memory. */
    public byte[] elf() {
        return elf(code(LOAD_ADDRESS));
    }

    /**
     * Any code as such a kernel.
     *
     * @param code
     *            is entered at its first byte, which comes to lie at 1 MiB
     */
    static byte[] elf(byte[] code) {
        ByteBuffer file = ByteBuffer.allocate(ELF_HEADERS_BYTES + code.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS);
        file.putLong(64).putLong(0).putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2).putShort((short) 64);
        file.position(64);
        int noteOffset = 64 + 2 * 56;
        programHeader(file, 1, ELF_HEADERS_BYTES, LOAD_ADDRESS, code.length, code.length + STACK_BYTES, 0x1000);
        programHeader(file, 4, noteOffset, 0, 24, 24, 4);
        file.putInt(4).putInt(8).putInt(18).put(new byte[] {'X', 'e', 'n', 0}).putLong(LOAD_ADDRESS);
        file.position(ELF_HEADERS_BYTES);
        file.put(code);
        return file.array();
    }

    /**
     * The same guest as a bzImage without a payload that could be unpacked: it must be entered at its 64-bit entry point. Has no
     * real-mode code, so that QEMU cannot boot it.
     */
    public byte[] bzImage() {
        return bzImage(code(ADDRESS_64));
    }

    /**
     * Any code as a bzImage.
     *
     * @param code
     *            is entered at its first byte, which comes to lie at {@link #ADDRESS_64}
     */
    static byte[] bzImage(byte[] code) {
        int setupBytes = 2 * SECTOR_BYTES;
        int protectedBytes = (ENTRY_64 + code.length + 15) / 16 * 16;
        ByteBuffer file = ByteBuffer.allocate(setupBytes + protectedBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(0x1F1, (byte) (setupBytes / SECTOR_BYTES - 1));
        file.putInt(0x1F4, protectedBytes / 16);
        file.putShort(0x1FE, (short) 0xAA55);
        file.put(0x200, new byte[] {(byte) 0xEB, 0x6A, 'H', 'd', 'r', 'S'});
        file.putShort(0x206, (short) 0x20F);
        file.put(0x211, (byte) 1);
        file.putInt(0x214, LOAD_ADDRESS);
        file.putInt(0x22C, 0x7FFF_FFFF);
        file.putInt(0x230, 0x1000);
        file.put(0x234, (byte) 0);
        file.putShort(0x236, (short) 1);
        file.putInt(0x238, 2047);
        file.putLong(0x258, LOAD_ADDRESS);
        file.putInt(0x260, protectedBytes + STACK_BYTES);
        file.put(setupBytes + ENTRY_64, code);
        return file.array();
    }

    private static void programHeader(ByteBuffer file, int type, int offset, int address, int bytesInFile,
            int bytesInMemory, int alignment) {
        file.putInt(type).putInt(7).putLong(offset).putLong(address).putLong(address);
        file.putLong(bytesInFile).putLong(bytesInMemory).putLong(alignment);
    }

    /** EBP: whether to ignore the button; EDI: characters of the line so far; EBX: its last one. */
    private byte[] code(int origin) {
        Assembler code = new Assembler(origin);
        Label loop = new Label();
        Label received = new Label();
        Label lineEnd = new Label();
        Label print = new Label();
        Label put = new Label();
        Label putUnlessFull = new Label();
        Label powerOff = new Label();
        Label halt = new Label();
        Label bannerText = new Label();
        Label end = new Label();

        code.disableInterrupts();
        code.movAddress(Register.ESP, end).add(Register.ESP, STACK_BYTES);
        code.mov(Register.EAX, 7).outAl(FIFO_CONTROL);
        code.mov(Register.EAX, POWER_BUTTON).outAx(PM1_ENABLE);
        code.mov(Register.EBP, 0).mov(Register.EDI, 0).mov(Register.EBX, 0);
        code.movAddress(Register.ESI, bannerText).call(print);

        code.bind(loop);
        code.inAl(LINE_STATUS).testAl(DATA_READY).jumpIfNotZero(received);
        code.mov(Register.EAX, 0).inAx(PM1_STATUS);
        // No such device: all ones, which is no press.
        code.compare(Register.EAX, 0xFFFF).jumpIfZero(loop);
        code.and(Register.EAX, POWER_BUTTON).jumpIfZero(loop);
        code.outAx(PM1_STATUS);
        code.compare(Register.EBP, 0).jumpIfNotZero(loop);
        code.jump(powerOff);

        code.bind(received);
        code.inAl(COM1);
        code.compareAl('\r').jumpIfZero(lineEnd).compareAl('\n').jumpIfZero(lineEnd);
        code.movFromAl(Register.EBX).add(Register.EDI, 1).call(put).jump(loop);

        code.bind(lineEnd);
        code.mov(Register.EAX, '\r').call(put).mov(Register.EAX, '\n').call(put);
        code.mov(Register.EAX, Register.EDI).mov(Register.EDI, 0);
        code.compare(Register.EAX, 1).jumpIfNotZero(loop);
        code.mov(Register.EAX, Register.EBX);
        List<Label> commands = new ArrayList<>();
        for (char letter : "rxthlbgp".toCharArray()) {
            Label command = new Label();
            commands.add(command);
            code.compareAl(letter).jumpIfZero(command);
        }
        code.jump(loop);

        code.bind(commands.get(0));
        code.mov(Register.EAX, PULSE_RESET).outAl(KEYBOARD_COMMAND).jump(halt);

        code.bind(commands.get(1));
        code.mov(Register.EAX, PANICKED).outAl(PVPANIC).jump(halt);

        Label noTable = new Label();
        code.bind(commands.get(2));
        code.movAddress(Register.EAX, noTable).loadInterruptTableAtEax().undefined();

        code.bind(commands.get(3));
        code.bind(halt);
        code.disableInterrupts().halt().jump(halt);

        code.bind(commands.get(4));
        code.jump(commands.get(4));

        // ESI counts; a FIFO's worth of bytes goes out for each time that the transmitter is found empty.
        Label next = new Label();
        Label character = new Label();
        code.bind(commands.get(5));
        code.mov(Register.ESI, 0);
        code.bind(next);
        code.mov(Register.ECX, '\n');
        code.mov(Register.EAX, Register.ESI).and(Register.EAX, 63).compare(Register.EAX, 63).jumpIfZero(character);
        code.mov(Register.ECX, Register.ESI).shiftRight(Register.ECX, 6).add(Register.ECX, Register.ESI);
        code.and(Register.ECX, 63).add(Register.ECX, '0');
        code.bind(character);
        code.call(putUnlessFull).add(Register.ESI, 1).compare(Register.ESI, BURST_BYTES).jumpIfNotZero(next);
        code.jump(loop);

        Label ignore = new Label();
        Label answer = new Label();
        Label ignoring = new Label();
        Label heeding = new Label();
        code.bind(commands.get(6));
        code.compare(Register.EBP, 0).jumpIfZero(ignore);
        code.mov(Register.EBP, 0).movAddress(Register.ESI, heeding).jump(answer);
        code.bind(ignore);
        code.mov(Register.EBP, 1).movAddress(Register.ESI, ignoring);
        code.bind(answer);
        code.call(print).jump(loop);

        code.bind(commands.get(7));
        code.bind(powerOff);
        code.mov(Register.EAX, SLEEP_S5).outAx(PM1_CONTROL).jump(halt);

        // Prints AL. Uses ECX, EDX.
        Label busy = new Label();
        code.bind(put);
        code.movFromAl(Register.ECX);
        code.bind(busy);
        code.inAl(LINE_STATUS).testAl(TRANSMIT_EMPTY).jumpIfZero(busy);
        code.mov(Register.EAX, Register.ECX).outAl(COM1).ret();

        // Prints CL; looks whether the FIFO is empty only at each 16th of the characters that ESI counts.
        Label room = new Label();
        code.bind(putUnlessFull);
        code.mov(Register.EAX, Register.ESI).and(Register.EAX, 15).jumpIfNotZero(room);
        Label full = code.here();
        code.inAl(LINE_STATUS).testAl(TRANSMIT_EMPTY).jumpIfZero(full);
        code.bind(room);
        code.mov(Register.EAX, Register.ECX).outAl(COM1).ret();

        // Prints the text at ESI up to its NUL.
        Label printed = new Label();
        code.bind(print);
        code.loadByte().compareAl(0).jumpIfZero(printed).call(put).jump(print);
        code.bind(printed);
        code.ret();

        text(code, bannerText, banner);
        text(code, ignoring, IGNORING);
        text(code, heeding, HEEDING);
        code.align(16).bind(noTable);
        code.data(new byte[16]);
        code.bind(end);
        return code.assemble();
    }

    private static void text(Assembler code, Label label, String text) {
        code.bind(label);
        code.data((text + "\r\n\0").getBytes(StandardCharsets.US_ASCII));
    }
}
