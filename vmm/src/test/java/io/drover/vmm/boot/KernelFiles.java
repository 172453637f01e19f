package io.drover.vmm.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPOutputStream;

/** Kernels and archives made for tests. */
final class KernelFiles {
    private KernelFiles() {}

    static ByteBuffer edit(byte[] file) {
        return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A bzImage with a correct header, and nothing in its protected-mode part. */
    static byte[] bzImage(int bytes) {
        int setupBytes = 2 * 512;
        int protectedBytes = (bytes + 15) / 16 * 16;
        byte[] file = new byte[setupBytes + protectedBytes];
        ByteBuffer edit = edit(file);
        edit.put(0x1F1, (byte) 1).putInt(0x1F4, protectedBytes / 16).putShort(0x1FE, (short) 0xAA55);
        edit.put(0x200, new byte[] {(byte) 0xEB, 0x6A, 'H', 'd', 'r', 'S'}).putShort(0x206, (short) 0x20F);
        edit.put(0x211, (byte) 1).putInt(0x22C, 0x7FFF_FFFF).putInt(0x230, 0x20_0000).put(0x234, (byte) 1);
        edit.putShort(0x236, (short) 0x7F).putInt(0x238, 2047);
        edit.putLong(0x258, 0x20_0000).putInt(0x260, 0x10_0000);
        for (int at = setupBytes; at < file.length; at++) {
            file[at] = (byte) (at * 31);
        }
        return file;
    }

    static byte[] gzip(byte[] data) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A newc archive of one file and its trailer. */
    static byte[] cpio(String name, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        member(out, name, content);
        member(out, "TRAILER!!!", new byte[0]);
        return out.toByteArray();
    }

    private static void member(ByteArrayOutputStream out, String name, byte[] content) {
        String header = "070701" + "%08x".formatted(1).repeat(6) + "%08x".formatted(content.length)
                + "%08x".formatted(0).repeat(4) + "%08x".formatted(name.length() + 1) + "%08x".formatted(0);
        out.writeBytes((header + name + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        out.writeBytes(new byte[-out.size() & 3]);
        out.writeBytes(content);
        out.writeBytes(new byte[-out.size() & 3]);
    }
}
