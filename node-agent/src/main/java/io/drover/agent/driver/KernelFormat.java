package io.drover.agent.driver;

import io.drover.agent.folder.FilePart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Tells whether a file is a kernel that a machine can boot, before anything is started. QEMU takes any file for a
 * kernel of 1992 and runs whatever bytes it holds, so that the mistake would only show as a guest that says nothing.
 */
public final class KernelFormat {
    private static final int BOOT_FLAG_OFFSET = 0x1FE;
    private static final int HEADER_MAGIC_OFFSET = 0x202;
    private static final int SETUP_SECTORS_OFFSET = 0x1F1;
    private static final int SYSTEM_SIZE_OFFSET = 0x1F4;
    /** "HdrS": Documentation/arch/x86/boot.rst. */
    private static final int HEADER_MAGIC = 0x53726448;
    private static final int ELF_MAGIC = 0x464C457F;
    private static final int PT_NOTE = 4;
    /** XEN_ELFNOTE_PHYS32_ENTRY: the PVH entry point (xen/include/public/elfnote.h). */
    private static final int PVH_NOTE = 18;
    private static final int ELF_MACHINE_X86_64 = 62;
    private static final int MAX_NOTES_BYTES = 1 << 20;

    private KernelFormat() {}

    /**
     * Looks at the headers.
     *
     * @throws UnbootableException saying what is wrong with the kernel
     */
    public static void check(Path kernel) throws UnbootableException, IOException {
        try (FileChannel file = FileChannel.open(kernel, StandardOpenOption.READ)) {
            ByteBuffer head = read(file, 0, 0x240);
            if (head.remaining() >= 4 && head.getInt(0) == ELF_MAGIC) {
                checkElf(file, head);
                return;
            }
            if (head.remaining() < 0x240 || head.getShort(BOOT_FLAG_OFFSET) != (short) 0xAA55
                    || head.getInt(HEADER_MAGIC_OFFSET) != HEADER_MAGIC) {
                throw new UnbootableException(
                        "the kernel is neither a bzImage nor an ELF file (" + file.size() + " bytes)");
            }
            long setupBytes = 512L
                    * (1 + ((head.get(SETUP_SECTORS_OFFSET) & 0xFF) == 0 ? 4 : head.get(SETUP_SECTORS_OFFSET) & 0xFF));
            long systemBytes = 16L * Integer.toUnsignedLong(head.getInt(SYSTEM_SIZE_OFFSET));
            if (file.size() < setupBytes + systemBytes) {
                throw new UnbootableException("the kernel is cut off: its header names " + (setupBytes + systemBytes)
                        + " bytes, the file has " + file.size());
            }
        }
    }

    private static void checkElf(FileChannel file, ByteBuffer head) throws UnbootableException, IOException {
        if (head.remaining() < 64 || head.get(4) != 2 || head.getShort(18) != ELF_MACHINE_X86_64) {
            throw new UnbootableException("the kernel is an ELF file, but not a whole one for x86_64");
        }
        long table = head.getLong(32);
        int entryBytes = Short.toUnsignedInt(head.getShort(54));
        int entries = Short.toUnsignedInt(head.getShort(56));
        if (entryBytes < 56 || table < 0 || table > file.size() - (long) entryBytes * entries) {
            throw new UnbootableException("the kernel is an ELF file whose program headers are not in it");
        }
        boolean pvh = false;
        for (int i = 0; i < entries; i++) {
            ByteBuffer header = read(file, table + (long) i * entryBytes, 56);
            long offset = header.getLong(8);
            long length = header.getLong(32);
            if (offset < 0 || length < 0 || offset > file.size() || length > file.size() - offset) {
                throw new UnbootableException("the kernel is cut off: a segment of " + length + " bytes at " + offset
                        + " is not in its " + file.size() + " bytes");
            }
            if (header.getInt(0) == PT_NOTE) {
                pvh |= hasPvhNote(read(file, offset, (int) Math.min(length, MAX_NOTES_BYTES)));
            }
        }
        if (!pvh) {
            throw new UnbootableException(
                    "the kernel is an ELF file without a PVH note: build it with CONFIG_PVH, or use its bzImage");
        }
    }

    private static boolean hasPvhNote(ByteBuffer notes) {
        while (notes.remaining() >= 12) {
            long nameBytes = Integer.toUnsignedLong(notes.getInt());
            long valueBytes = Integer.toUnsignedLong(notes.getInt());
            int type = notes.getInt();
            if (type == PVH_NOTE && nameBytes == 4) {
                return true;
            }
            long skip = (nameBytes + 3 & ~3L) + (valueBytes + 3 & ~3L);
            if (skip > notes.remaining()) {
                return false;
            }
            notes.position(notes.position() + (int) skip);
        }
        return false;
    }

    private static ByteBuffer read(FileChannel file, long position, int length) throws IOException {
        return FilePart.read(file, position, length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
