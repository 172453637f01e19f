package io.drover.vmm.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** What the training boots: the smallest files that the boot loader takes. Each kernel prints a letter on COM1 and powers off. */
final class TrainingFiles {
    private static final int LOAD_ADDRESS = 1 << 20;
    private static final int ELF_CODE_OFFSET = 0x1000;
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;
    private static final int SETUP_BYTES = 2 * 512;
    private static final int ENTRY_64 = 0x200;
    private static final int PARAGRAPH_BYTES = 16;

    /** The same in 32-bit and in 64-bit mode. */
    private static final byte[] CODE = {
            // mov dx, 0x3F8; mov al, 'k'; out dx, al
            0x66, (byte) 0xBA, (byte) 0xF8, 0x03, (byte) 0xB0, 'k', (byte) 0xEE,
            // mov dx, 0x604; mov ax, 0x2000; out dx, ax
            0x66, (byte) 0xBA, 0x04, 0x06, 0x66, (byte) 0xB8, 0x00, 0x20, 0x66, (byte) 0xEF,
            // halt: hlt; jmp halt
            (byte) 0xF4, (byte) 0xEB, (byte) 0xFD};

    private TrainingFiles() {}

    /** An ELF kernel with a PVH entry. */
    static byte[] elf() {
        byte[] bytes = new byte[ELF_CODE_OFFSET + CODE.length];
        ByteBuffer file = littleEndian(bytes);
        int headersEnd = 64 + 2 * 56;
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS).putLong(64).putLong(0).putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2).position(64);
        programHeader(file, 1, ELF_CODE_OFFSET, LOAD_ADDRESS, CODE.length);
        programHeader(file, 4, headersEnd, 0, 24);
        file.putInt(4).putInt(8).putInt(XEN_ELFNOTE_PHYS32_ENTRY).put(new byte[] {'X', 'e', 'n', 0})
                .putLong(LOAD_ADDRESS);
        file.put(ELF_CODE_OFFSET, CODE);
        return bytes;
    }

    private static void programHeader(ByteBuffer file, int type, int offset, int address, int bytes) {
        file.putInt(type).putInt(7).putLong(offset).putLong(address).putLong(address).putLong(bytes).putLong(bytes)
                .putLong(4);
    }

    /** A bzImage of boot protocol 2.15. */
    static byte[] bzImage() {
        int protectedBytes = (ENTRY_64 + CODE.length + PARAGRAPH_BYTES - 1) / PARAGRAPH_BYTES * PARAGRAPH_BYTES;
        byte[] bytes = new byte[SETUP_BYTES + protectedBytes];
        ByteBuffer file = littleEndian(bytes);
        file.put(0x1F1, (byte) 1).putInt(0x1F4, protectedBytes / PARAGRAPH_BYTES).putShort(0x1FE, (short) 0xAA55);
        file.put(0x200, new byte[] {(byte) 0xEB, 0x6A, 'H', 'd', 'r', 'S'}).putShort(0x206, (short) 0x20F);
        file.put(0x211, (byte) 1).putInt(0x22C, Integer.MAX_VALUE).putInt(0x230, 0x1000).put(0x234, (byte) 1);
        file.putShort(0x236, (short) 1).putInt(0x238, 2047).putLong(0x258, LOAD_ADDRESS).putInt(0x260, 0x1000);
        file.put(SETUP_BYTES + ENTRY_64, CODE);
        return bytes;
    }

    /** A gzipped newc archive without files. */
    static byte[] initramfs() throws IOException {
        String name = "TRAILER!!!\0";
        String zero = "00000000";
        String header = "070701" + zero.repeat(11) + "0000000b" + zero + name;
        byte[] archive = new byte[(header.length() + 3) / 4 * 4];
        System.arraycopy(header.getBytes(StandardCharsets.US_ASCII), 0, archive, 0, header.length());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(archive);
        }
        return bytes.toByteArray();
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
