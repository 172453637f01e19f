package io.drover.vmm.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The setup header of a bzImage, checked field by field (boot.rst, "The Real-Mode Kernel Header"). Offsets are from the start of
 * the file.
 *
 * @param protectedModeOffset
 *            where the protected-mode part begins in the file
 * @param protectedModeBytes
 *            its length
 * @param alignment
 *            a power of two
 * @param preferredAddress
 *            where the kernel would like to run; a kernel that cannot be relocated must
 * @param initBytes
 *            the memory that it needs there until it knows the memory map
 * @param initramfsLimit
 *            the last address that the initramfs may have
 * @param commandLineMaxBytes
 *            without the NUL
 */
record SetupHeader(long protectedModeOffset, long protectedModeBytes,
        boolean relocatable, long alignment, long preferredAddress, long initBytes, long initramfsLimit,
        int commandLineMaxBytes) {
    /** Where the header begins in the file and in the zero page. */
    static final int OFFSET = 0x1F1;
    /** The most of a file that is looked at; the header itself ends before 0x290. */
    static final int PREFIX_BYTES = 4096;

    private static final int SECTOR_BYTES = 512;
    private static final int PARAGRAPH_BYTES = 16;
    private static final int BOOT_FLAG = 0xAA55;
    private static final int MAGIC = 0x5372_6448; // "HdrS"
    /** 2.12, of Linux 3.8: the first with xloadflags. */
    private static final int OLDEST_PROTOCOL = 0x20C;
    private static final int LOADED_HIGH = 1;
    private static final int XLF_KERNEL_64 = 1;
    /** The last byte of the fields of 2.12, from OFFSET. */
    private static final int LEAST_END = 0x264;

    /** Whether the file's prefix claims to be a bzImage. */
    static boolean isIn(ByteBuffer prefix) {
        return prefix.limit() >= 0x206 && prefix.getInt(0x202) == MAGIC;
    }

    /** Where the header ends in the file and in the zero page. */
    static int end(ByteBuffer prefix) {
        return 0x202 + (prefix.get(0x201) & 0xFF);
    }

    /**
     * Reads and checks.
     *
     * @param prefix
     *            the file's first bytes, little endian, for which {@link #isIn} holds
     * @param file
     *            its name, for messages
     */
    static SetupHeader read(ByteBuffer prefix, long fileBytes, String file) throws BootException {
        prefix.order(ByteOrder.LITTLE_ENDIAN);
        if (prefix.limit() < LEAST_END) {
            throw refuse(file, "ends after " + fileBytes + " bytes, in its setup header",
                    "a whole file: copy it again");
        }
        check(file, "boot flag", unsigned16(prefix, 0x1FE), BOOT_FLAG);
        int version = unsigned16(prefix, 0x206);
        if (version < OLDEST_PROTOCOL) {
            throw refuse(file, "boot protocol " + (version >> 8) + "." + (version & 0xFF),
                    "2.12 or later: a kernel of Linux 3.8 or later");
        }
        if (end(prefix) < LEAST_END || end(prefix) > prefix.limit()) {
            throw refuse(file, "setup header ends at 0x" + Integer.toHexString(end(prefix)),
                    "at least 0x264, in the file");
        }
        if ((prefix.get(0x211) & LOADED_HIGH) == 0) {
            throw refuse(file, "a zImage, which is loaded below 1 MiB", "a bzImage");
        }
        if ((unsigned16(prefix, 0x236) & XLF_KERNEL_64) == 0) {
            throw refuse(file, "a 32-bit kernel: it has no 64-bit entry", "an x86-64 kernel");
        }
        int sectors = prefix.get(0x1F1) & 0xFF;
        long offset = ((sectors == 0 ? 4 : sectors) + 1L) * SECTOR_BYTES;
        long bytes = unsigned32(prefix, 0x1F4) * PARAGRAPH_BYTES;
        if (bytes == 0) {
            throw refuse(file, "size of the protected-mode part : 0", "at least 1");
        }
        if (offset + bytes > fileBytes) {
            throw refuse(file, "ends after " + fileBytes + " bytes",
                    (offset + bytes) + ", as its header says: copy it again");
        }
        long alignment = unsigned32(prefix, 0x230);
        if (Long.bitCount(alignment) != 1) {
            throw refuse(file, "kernel alignment : 0x" + Long.toHexString(alignment), "a power of two");
        }
        long preferred = prefix.getLong(0x258);
        if (preferred < BootLayout.KERNEL_FLOOR || preferred > Integer.MAX_VALUE) {
            throw refuse(file, "preferred address : 0x" + Long.toHexString(preferred), "between 1 MiB and 2 GiB");
        }
        long initBytes = unsigned32(prefix, 0x260);
        if (initBytes == 0) {
            throw refuse(file, "memory needed to start : 0", "at least 1");
        }
        long commandLineMax = unsigned32(prefix, 0x238);
        return new SetupHeader(offset, bytes, prefix.get(0x234) != 0, alignment,
                preferred, initBytes, unsigned32(prefix, 0x22C),
                (int) Math.min(commandLineMax == 0 ? 255 : commandLineMax, BootLayout.COMMAND_LINE_MAX_BYTES));
    }

    private static void check(String file, String field, int value, int expected) throws BootException {
        if (value != expected) {
            throw refuse(file, field + " : 0x" + Integer.toHexString(value), "0x" + Integer.toHexString(expected));
        }
    }

    private static BootException refuse(String file, String found, String expected) {
        return new BootException("kernel " + file + " : " + found + " (expected: " + expected + ")");
    }

    private static int unsigned16(ByteBuffer prefix, int offset) {
        return prefix.getShort(offset) & 0xFFFF;
    }

    private static long unsigned32(ByteBuffer prefix, int offset) {
        return prefix.getInt(offset) & 0xFFFF_FFFFL;
    }
}
