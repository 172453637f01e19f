package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;

/** A bitstream that is read from its end: RFC 8878, 4.1. Behind its start there are zeros, as many as one likes. */
final class BackwardBits {
    private final ByteBuffer source;
    private final int start;
    private final int end;
    /** Bits not read yet; negative once more were read than there are. */
    private int left;

    /**
     * Over the bytes from {@code start} to {@code end}; the highest bit set in the last one is where the stream begins.
     *
     * @param source
     *            little endian
     */
    BackwardBits(ByteBuffer source, int start, int end) throws ZstdFormatException {
        if (end <= start || source.get(end - 1) == 0) {
            throw new ZstdFormatException("bitstream has no end mark");
        }
        this.source = source;
        this.start = start;
        this.end = end;
        this.left = (end - start) * 8 - Integer.numberOfLeadingZeros(source.get(end - 1) & 0xFF) + 24 - 1;
    }

    /** Bits left; negative when more were read. */
    int left() {
        return left;
    }

    /** Up to 32 bits. */
    long read(int count) {
        long bits = peek(count);
        left -= count;
        return bits;
    }

    /** What {@link #read} would return. */
    long peek(int count) {
        int lowest = left - count;
        if (lowest >= 0) {
            return extract(lowest, count);
        }
        return left <= 0 ? 0 : extract(0, left) << -lowest;
    }

    void skip(int count) {
        left -= count;
    }

    private long extract(int lowest, int count) {
        int at = start + (lowest >>> 3);
        long mask = (1L << count) - 1;
        if (at + Long.BYTES <= end) {
            return (source.getLong(at) >>> (lowest & 7)) & mask;
        }
        long bytes = 0;
        for (int each = end - 1; each >= at; each--) {
            bytes = (bytes << 8) | (source.get(each) & 0xFF);
        }
        return (bytes >>> (lowest & 7)) & mask;
    }
}
