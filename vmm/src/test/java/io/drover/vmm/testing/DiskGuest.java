package io.drover.vmm.testing;

import io.drover.vmm.testing.Assembler.Label;
import io.drover.vmm.testing.Assembler.Register;

/**
 * A guest that uses its first disk all the time, for tests that move it meanwhile. It counts from 1 on, and writes each number
 * to the next of its places on the disk, round and round. Before that it reads the place, and looks whether the number is there
 * that it wrote last; if there is another, or a request fails, it stops for good at {@link #LOST}: a write was lost, came twice
 * or went elsewhere. It polls, one request at a time.
 */
public final class DiskGuest {
    /** Of 4 bytes each, in memory: what it has counted to, and whether something was lost. */
    public static final long COUNT = 0x5000;
    public static final long LOST = 0x5004;
    /** Between two places on the disk. */
    public static final int PLACE_BYTES = 64 << 10;

    private static final int LOAD_ADDRESS = 1 << 20;
    private static final int STACK = 0x8000;
    private static final int DESCRIPTORS = 0x20_0000;
    private static final int AVAILABLE = 0x20_1000;
    private static final int USED = 0x20_2000;
    private static final int HEADER = 0x20_3000;
    private static final int STATUS = 0x20_3010;
    private static final int DATA = 0x20_4000;
    private static final int DATA_BYTES = 4096;

    /** Of the function in slot 1, as the VMM puts it. */
    private static final int COMMON = 0xC000_0000;
    private static final int NOTIFY = COMMON + 0x3000;
    private static final int FEATURE_SELECT = 8;
    private static final int FEATURES = 12;
    private static final int DEVICE_STATUS = 20;
    private static final int QUEUE_SIZE = 24;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_DESCRIPTORS = 32;
    private static final int QUEUE_AVAILABLE = 40;
    private static final int QUEUE_USED = 48;
    /** Else each write would be made durable. */
    private static final int FLUSH = 1 << 9;
    private static final int VERSION_1 = 1;

    private DiskGuest() {}

    /**
     * An ELF kernel with a PVH note; needs 4 MiB of memory.
     *
     * @param places
     *            a power of two, that fit on the disk, which begins as zeros there
     */
    public static byte[] elf(int places) {
        Assembler code = new Assembler(LOAD_ADDRESS);
        Label request = new Label();
        Label lost = new Label();
        Label expected = new Label();
        code.disableInterrupts().mov(Register.ESP, STACK);
        begin(code);
        code.mov(Register.EBX, 0);
        Label loop = code.here();
        // The place's sector into the header: its number times 128.
        code.mov(Register.EAX, Register.EBX).and(Register.EAX, places - 1).bytes(0xC1, 0xE0, 7);
        code.bytes(0xA3).int32(HEADER + 8);
        // Read: the data is the device's to write.
        store32(code, HEADER, 0);
        store16(code, DESCRIPTORS + 16 + 12, 3);
        code.call(request);
        // What was written a round ago, nothing in the first round. jns expected
        code.mov(Register.ECX, Register.EBX).add(Register.ECX, 1 - places).bytes(0x0F, 0x89);
        code.relativeTo(expected);
        code.mov(Register.ECX, 0);
        code.bind(expected);
        // cmp [data], ecx, at its beginning and its end
        code.bytes(0x39, 0x0D).int32(DATA).jumpIfNotZero(lost);
        code.bytes(0x39, 0x0D).int32(DATA + DATA_BYTES - 4).jumpIfNotZero(lost);
        code.add(Register.EBX, 1);
        code.bytes(0x89, 0x1D).int32(DATA).bytes(0x89, 0x1D).int32(DATA + DATA_BYTES - 4);
        store32(code, HEADER, 1);
        store16(code, DESCRIPTORS + 16 + 12, 1);
        code.call(request);
        code.bytes(0x89, 0x1D).int32((int) COUNT);
        code.jump(loop);

        code.bind(request);
        store8(code, STATUS, 0xFF);
        // inc word [available index]; mov word [notify], 0
        code.bytes(0x66, 0xFF, 0x05).int32(AVAILABLE + 2);
        store16(code, NOTIFY, 0);
        // mov ax, [used index]; cmp ax, [available index]
        Label wait = code.here();
        code.bytes(0x66, 0xA1).int32(USED + 2).bytes(0x66, 0x3B, 0x05).int32(AVAILABLE + 2).jumpIfNotZero(wait);
        // cmp byte [status], 0
        code.bytes(0x80, 0x3D).int32(STATUS).bytes(0).jumpIfNotZero(lost);
        code.ret();

        code.bind(lost);
        code.bytes(0xFF, 0x05).int32((int) LOST);
        Label forGood = code.here();
        code.halt().jump(forGood);
        return TinyGuest.elf(code.assemble());
    }

    /** Brings the device up, with one chain of header, data and status, that is used again and again. */
    private static void begin(Assembler code) {
        // Memory and bus master of slot 1: out dx, eax
        code.mov(Register.EDX, 0xCF8).mov(Register.EAX, 0x8000_0804).bytes(0xEF);
        code.mov(Register.EDX, 0xCFC).mov(Register.EAX, 6).bytes(0xEF);
        for (int status : new int[] {0, 1, 3}) {
            store8(code, COMMON + DEVICE_STATUS, status);
        }
        store32(code, COMMON + FEATURE_SELECT, 0);
        store32(code, COMMON + FEATURES, FLUSH);
        store32(code, COMMON + FEATURE_SELECT, 1);
        store32(code, COMMON + FEATURES, VERSION_1);
        store8(code, COMMON + DEVICE_STATUS, 0xB);
        store16(code, COMMON + QUEUE_SIZE, 8);
        store32(code, COMMON + QUEUE_DESCRIPTORS, DESCRIPTORS);
        store32(code, COMMON + QUEUE_AVAILABLE, AVAILABLE);
        store32(code, COMMON + QUEUE_USED, USED);
        store16(code, COMMON + QUEUE_ENABLE, 1);
        store8(code, COMMON + DEVICE_STATUS, 0xF);
        int[][] chain = {{HEADER, 16, 1, 1}, {DATA, DATA_BYTES, 1, 2}, {STATUS, 1, 2, 0}};
        for (int index = 0; index < chain.length; index++) {
            int at = DESCRIPTORS + 16 * index;
            store32(code, at, chain[index][0]);
            store32(code, at + 8, chain[index][1]);
            store16(code, at + 12, chain[index][2]);
            store16(code, at + 14, chain[index][3]);
        }
    }

    private static void store32(Assembler code, int address, int value) {
        code.bytes(0xC7, 0x05).int32(address).int32(value);
    }

    private static void store16(Assembler code, int address, int value) {
        code.bytes(0x66, 0xC7, 0x05).int32(address).bytes(value & 0xFF, value >> 8);
    }

    private static void store8(Assembler code, int address, int value) {
        code.bytes(0xC6, 0x05).int32(address).bytes(value);
    }
}
