package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The literals of a block: RFC 8878, 3.1.1.3.1. */
final class Literals {
    private static final int RAW = 0;
    private static final int RLE = 1;
    private static final int TREELESS = 3;

    private final HuffmanTable tree = new HuffmanTable();
    private final byte[] bytes = new byte[ZstdDecoder.MAX_BLOCK_BYTES];
    private int count;

    /** A new frame: no tree to go on with. */
    void clear() {
        tree.clear();
    }

    byte[] bytes() {
        return bytes;
    }

    int count() {
        return count;
    }

    /**
     * Reads the section.
     *
     * @return the offset behind it
     */
    int read(ByteBuffer source, int from, int end) throws ZstdFormatException {
        // Up to five bytes of header; behind the end of a short block zeros do as well as anything.
        long header = 0;
        for (int each = Math.min(end, from + 5) - 1; each >= from; each--) {
            header = (header << 8) | (source.get(each) & 0xFF);
        }
        int type = (int) header & 3;
        int format = ((int) header >>> 2) & 3;
        return type <= RLE ? readPlain(source, from, end, header, type, format)
                : readCoded(source, from, end, header, type, format);
    }

    private int readPlain(ByteBuffer source, int from, int end, long header, int type, int format)
            throws ZstdFormatException {
        int headerBytes = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
        int size = (int) ((format & 1) == 0 ? (header >>> 3) & 0x1F : (header >>> 4) & (format == 1 ? 0xFFF : 0xFFFFF));
        int stored = type == RAW ? size : 1;
        int at = from + headerBytes;
        if (size > bytes.length || stored > end - at) {
            throw new ZstdFormatException(size + " literals (expected: within the block)");
        }
        if (type == RAW) {
            source.get(at, bytes, 0, size);
        } else {
            Arrays.fill(bytes, 0, size, source.get(at));
        }
        count = size;
        return at + stored;
    }

    private int readCoded(ByteBuffer source, int from, int end, long header, int type, int format)
            throws ZstdFormatException {
        int sizeBits = format <= 1 ? 10 : format == 2 ? 14 : 18;
        int size = (int) ((header >>> 4) & ((1 << sizeBits) - 1));
        int stored = (int) ((header >>> (4 + sizeBits)) & ((1 << sizeBits) - 1));
        int at = from + (format <= 1 ? 3 : format == 2 ? 4 : 5);
        if (size > bytes.length || stored > end - at) {
            throw new ZstdFormatException(size + " literals in " + stored + " bytes (expected: within the block)");
        }
        int behind = at + stored;
        if (type == TREELESS) {
            if (!tree.isFilled()) {
                throw new ZstdFormatException("no Huffman tree before");
            }
        } else {
            at = tree.read(source, at, behind);
        }
        if (format == 0) {
            tree.decode(source, at, behind, bytes, 0, size);
        } else {
            decodeFour(source, at, behind, size);
        }
        count = size;
        return behind;
    }

    private void decodeFour(ByteBuffer source, int from, int end, int size) throws ZstdFormatException {
        int jumpTableBytes = 6;
        int each = (size + 3) >> 2;
        if (end - from < jumpTableBytes || 3 * each > size) {
            throw new ZstdFormatException("no four streams of " + size + " literals");
        }
        int at = from + jumpTableBytes;
        for (int stream = 0; stream < 4; stream++) {
            int behind = stream == 3 ? end : at + (source.getShort(from + 2 * stream) & 0xFFFF);
            if (behind > end) {
                throw new ZstdFormatException("stream of literals ends behind them all");
            }
            tree.decode(source, at, behind, bytes, stream * each, stream == 3 ? size - 3 * each : each);
            at = behind;
        }
    }
}
