package io.drover.vmm.boot;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Finds out whether an initramfs was cut off, without unpacking what need not be: a kernel that gets half of one says so only on
 * a console that nobody may be watching, and then panics for want of an init.
 *
 * <p>
 * cpio (newc), zstd and LZ4 are walked by their lengths, xz shows it at its end. Only gzip has to be unpacked, which is done up
 * to {@link #GZIP_MAX_BYTES}. bzip2, LZMA and LZO are taken as they are. An initramfs may be several archives, with zeros
 * between them (Documentation/driver-api/early-userspace/buffer-format.rst); behind a gzip or xz member no more is looked at.
 */
final class InitramfsCheck {
    /** A larger gzip file costs more than a tenth of a second to unpack, and is not. */
    static final long GZIP_MAX_BYTES = 16 << 20;

    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int GZIP = 0x8B1F;
    private static final int XZ = 0x587A_37FD;
    private static final int LZ4_LEGACY = 0x184C_2102;
    private static final int ZSTD = 0xFD2F_B528;
    private static final int ZSTD_SKIPPABLE = 0x184D_2A50;
    private static final int CPIO = 0x3730_3730; // "0707"
    private static final int BZIP2 = 0x68_5A42;
    private static final int LZMA = 0x00_005D;
    private static final int LZO = 0x4F5A_4C89;

    private static final int CPIO_HEADER_BYTES = 110;
    private static final String CPIO_TRAILER = "TRAILER!!!";
    private static final int GZIP_HEADER_BYTES = 10;
    private static final int GZIP_TRAILER_BYTES = 8;

    private final MemorySegment file;
    private long at;

    private InitramfsCheck(MemorySegment file) {
        this.file = file;
    }

    /** What is wrong with it, as a message goes on after the file's name; empty when nothing is. */
    static Optional<String> problemOf(MemorySegment file) {
        InitramfsCheck check = new InitramfsCheck(file);
        try {
            boolean first = true;
            while (check.skipZeros()) {
                if (!check.passMember(first)) {
                    return Optional.empty();
                }
                first = false;
            }
            return first ? Optional.of("nothing but zeros (expected: a cpio archive, perhaps compressed)")
                    : Optional.empty();
        } catch (BadMember e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Moves behind the archive or frame that begins here; false when it cannot be known where that is. */
    private boolean passMember(boolean first) throws BadMember {
        int magic = need(4) ? file.get(INT32, at) : 0;
        if (magic == CPIO) {
            passCpio();
        } else if (magic == ZSTD || (magic & ~15) == ZSTD_SKIPPABLE) {
            passZstd();
        } else if (magic == LZ4_LEGACY) {
            passLz4();
        } else if ((magic & 0xFFFF) == GZIP) {
            checkGzip();
            return false;
        } else if (magic == XZ) {
            checkXz();
            return false;
        } else if ((magic & 0xFF_FFFF) == BZIP2 || (magic & 0xFF_FFFF) == LZMA || magic == LZO) {
            return false;
        } else if (first) {
            throw new BadMember("begins with 0x" + Integer.toHexString(Integer.reverseBytes(magic))
                    + " (expected: a cpio archive in the newc format, perhaps compressed)");
        } else {
            throw new BadMember("unknown data at byte " + at + " (expected: another archive, or its end)");
        }
        return true;
    }

    private boolean skipZeros() {
        while (at < file.byteSize() && byteAt(at) == 0) {
            at++;
        }
        return at < file.byteSize();
    }

    /** linux, buffer-format.rst: a header of 110 characters, the name, the content; each padded to four bytes. */
    private void passCpio() throws BadMember {
        long start = at;
        boolean trailer = false;
        while (!trailer) {
            if (!need(CPIO_HEADER_BYTES) || file.get(INT32, at) != CPIO) {
                throw cutOff("cpio archive");
            }
            long contentBytes = hexadecimal(at + 54);
            long nameBytes = hexadecimal(at + 94);
            trailer = nameBytes == CPIO_TRAILER.length() + 1 && need(CPIO_HEADER_BYTES + nameBytes)
                    && nameIs(CPIO_TRAILER);
            long content = padded(at - start + CPIO_HEADER_BYTES + nameBytes) + start;
            if (content > file.byteSize() || contentBytes > file.byteSize() - content) {
                throw cutOff("cpio archive");
            }
            at = Math.min(padded(content - start + contentBytes) + start, file.byteSize());
        }
    }

    private boolean nameIs(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (byteAt(at + CPIO_HEADER_BYTES + i) != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private long hexadecimal(long offset) throws BadMember {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            int digit = Character.digit(byteAt(offset + i), 16);
            if (digit < 0) {
                throw new BadMember(
                        "cpio header at byte " + at + " holds no hexadecimal number (expected: the newc format)");
            }
            value = (value << 4) | digit;
        }
        return value;
    }

    private static long padded(long bytes) {
        return (bytes + 3) & ~3L;
    }

    /** RFC 8878, 3.1.1: the frame's header says how long it is itself, each block's header how long the block is. */
    private void passZstd() throws BadMember {
        if ((file.get(INT32, at) & ~15) == ZSTD_SKIPPABLE) {
            pass(8, "zstd frame");
            pass(file.get(INT32, at - 4) & 0xFFFF_FFFFL, "zstd frame");
            return;
        }
        pass(5, "zstd frame");
        int descriptor = byteAt(at - 1);
        boolean singleSegment = (descriptor & 1 << 5) != 0;
        int contentSizeFlag = descriptor >> 6 & 3;
        int dictionaryFlag = descriptor & 3;
        int contentSizeBytes = contentSizeFlag == 0 ? (singleSegment ? 1 : 0) : 1 << contentSizeFlag;
        int dictionaryBytes = dictionaryFlag == 3 ? 4 : dictionaryFlag;
        pass((singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes, "zstd frame");
        boolean last = false;
        while (!last) {
            pass(3, "zstd frame");
            int header = byteAt(at - 3) | (byteAt(at - 2) << 8) | (byteAt(at - 1) << 16);
            last = (header & 1) != 0;
            boolean runLength = (header >> 1 & 3) == 1;
            pass(runLength ? 1 : header >> 3, "zstd frame");
        }
        pass((descriptor & 1 << 2) != 0 ? 4 : 0, "zstd frame");
    }

    private void passLz4() throws BadMember {
        at += 4;
        while (need(4) && file.get(INT32, at) != 0) {
            long bytes = file.get(INT32, at) & 0xFFFF_FFFFL;
            at += 4;
            if (bytes != LZ4_LEGACY) {
                pass(bytes, "LZ4 frame");
            }
        }
    }

    /** xz-file-format 1.0.4, 2.1.2: a stream ends with "YZ"; zeros may follow. */
    private void checkXz() throws BadMember {
        long end = file.byteSize();
        while (end > at && byteAt(end - 1) == 0) {
            end--;
        }
        if (end - at < 32 || byteAt(end - 2) != 'Y'
                || byteAt(end - 1) != 'Z') {
            at = file.byteSize();
            throw cutOff("xz stream");
        }
    }

    /** RFC 1952. Only the first member; a header with further fields is left to the kernel. */
    private void checkGzip() throws BadMember {
        if (!need(GZIP_HEADER_BYTES + GZIP_TRAILER_BYTES)) {
            throw cutOff("gzip file");
        }
        long headerEnd = gzipHeaderEnd();
        long bytes = file.byteSize() - headerEnd;
        if (bytes > GZIP_MAX_BYTES) {
            return;
        }
        byte[] scratch = new byte[64 << 10];
        try (Inflater inflater = new Inflater(true)) {
            inflater.setInput(file.asSlice(headerEnd, bytes).asByteBuffer());
            while (!inflater.finished()) {
                if (inflater.inflate(scratch) == 0 && !inflater.finished()) {
                    throw cutOff("gzip file");
                }
            }
            if (inflater.getRemaining() < GZIP_TRAILER_BYTES) {
                throw cutOff("gzip file");
            }
        } catch (DataFormatException e) {
            throw new BadMember("damaged gzip data: " + e.getMessage() + " (expected: copy the file again)");
        }
    }

    private long gzipHeaderEnd() throws BadMember {
        int flags = byteAt(at + 3);
        long end = at + GZIP_HEADER_BYTES;
        if ((flags & 1 << 2) != 0) {
            end += 2 + byteAt(end)
                    + (byteAt(end + 1) << 8);
        }
        for (int text = 3; text <= 4; text++) {
            if ((flags & 1 << text) != 0) {
                while (end < file.byteSize() && byteAt(end) != 0) {
                    end++;
                }
                end++;
            }
        }
        end += (flags & 1 << 1) != 0 ? 2 : 0;
        if (end >= file.byteSize()) {
            throw cutOff("gzip file");
        }
        return end;
    }

    private int byteAt(long offset) {
        return file.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    private boolean need(long bytes) {
        return file.byteSize() - at >= bytes;
    }

    private void pass(long bytes, String what) throws BadMember {
        if (!need(bytes)) {
            throw cutOff(what);
        }
        at += bytes;
    }

    private BadMember cutOff(String what) {
        return new BadMember("is cut off: its " + what + " goes on behind byte " + file.byteSize()
                + " (expected: a whole file: copy it again)");
    }

    private static final class BadMember extends Exception {
        private static final long serialVersionUID = 1;

        BadMember(String message) {
            super(message);
        }
    }
}
