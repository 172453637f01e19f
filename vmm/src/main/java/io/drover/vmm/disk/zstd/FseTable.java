package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;

/** A decoding table of finite state entropy: RFC 8878, 4.1. Made once, filled again and again. */
final class FseTable {
    private static final int MIN_ACCURACY = 5;

    private final byte[] symbol;
    private final byte[] bits;
    private final short[] base;
    private final int maxAccuracy;
    private final int maxSymbol;
    private int accuracy;
    private boolean filled;

    FseTable(int maxAccuracy, int maxSymbol) {
        this.maxAccuracy = maxAccuracy;
        this.maxSymbol = maxSymbol;
        this.symbol = new byte[1 << maxAccuracy];
        this.bits = new byte[1 << maxAccuracy];
        this.base = new short[1 << maxAccuracy];
    }

    /** How many bits the first state has. */
    int accuracy() {
        return accuracy;
    }

    boolean isFilled() {
        return filled;
    }

    void clear() {
        filled = false;
    }

    int symbol(int state) {
        return symbol[state];
    }

    int next(int state, BackwardBits stream) {
        return base[state] + (int) stream.read(bits[state]);
    }

    /** How many bits {@link #next} reads in a state. */
    int bits(int state) {
        return bits[state];
    }

    /** One symbol only, which takes no bits. */
    void fillWith(int only) throws ZstdFormatException {
        if (only > maxSymbol) {
            throw new ZstdFormatException("symbol " + only + " (expected: up to " + maxSymbol + ")");
        }
        accuracy = 0;
        symbol[0] = (byte) only;
        bits[0] = 0;
        base[0] = 0;
        filled = true;
    }

    /**
     * Reads a table's description.
     *
     * @return the offset behind it
     */
    int read(ByteBuffer source, int from, int end) throws ZstdFormatException {
        int at = from * 8;
        int tableBits = (int) forward(source, at, 4, end) + MIN_ACCURACY;
        at += 4;
        if (tableBits > maxAccuracy) {
            throw new ZstdFormatException("accuracy " + tableBits + " (expected: up to " + maxAccuracy + ")");
        }
        short[] counts = new short[maxSymbol + 1];
        int symbols = 0;
        int remaining = 1 << tableBits;
        while (remaining > 0) {
            if (symbols > maxSymbol) {
                throw new ZstdFormatException("more symbols than " + maxSymbol);
            }
            int width = 32 - Integer.numberOfLeadingZeros(remaining + 1);
            int value = (int) forward(source, at, width, end);
            int lower = (1 << (width - 1)) - 1;
            int threshold = (1 << width) - 2 - remaining;
            if ((value & lower) < threshold) {
                at += width - 1;
                value &= lower;
            } else {
                at += width;
                value -= value > lower ? threshold : 0;
            }
            int count = value - 1;
            remaining -= Math.abs(count);
            counts[symbols++] = (short) count;
            int repeat = count == 0 ? 3 : 0;
            while (repeat == 3) {
                repeat = (int) forward(source, at, 2, end);
                at += 2;
                symbols += repeat;
            }
        }
        if (remaining < 0 || symbols > maxSymbol + 1) {
            throw new ZstdFormatException("counts do not add up");
        }
        fill(counts, tableBits);
        return (at + 7) >>> 3;
    }

    /** Makes the table of counts, of which -1 means less than one. They add up to the table's size. */
    void fill(short[] counts, int tableBits) {
        int size = 1 << tableBits;
        int high = size;
        short[] next = new short[counts.length];
        for (int each = 0; each < counts.length; each++) {
            next[each] = counts[each];
            if (counts[each] == -1) {
                symbol[--high] = (byte) each;
                next[each] = 1;
            }
        }
        int step = (size >>> 1) + (size >>> 3) + 3;
        int at = 0;
        for (int each = 0; each < counts.length; each++) {
            for (int count = 0; count < counts[each]; count++) {
                symbol[at] = (byte) each;
                do {
                    at = (at + step) & (size - 1);
                } while (at >= high);
            }
        }
        for (int state = 0; state < size; state++) {
            int number = next[symbol[state]]++;
            bits[state] = (byte) (tableBits - (31 - Integer.numberOfLeadingZeros(number)));
            base[state] = (short) ((number << bits[state]) - size);
        }
        accuracy = tableBits;
        filled = true;
    }

    /** Bits of a stream that is read from its start; behind its end there are none. */
    private static long forward(ByteBuffer source, int at, int count, int end) throws ZstdFormatException {
        long bits = 0;
        int first = at >>> 3;
        int last = (at + count - 1) >>> 3;
        // A wide number may be cut short, so that its last byte need not be there; what is used of it is checked by the caller.
        for (int each = Math.min(last, end - 1); each >= first; each--) {
            bits = (bits << 8) | (source.get(each) & 0xFF);
        }
        if (first >= end) {
            throw new ZstdFormatException("table ends too early");
        }
        return (bits >>> (at & 7)) & ((1L << count) - 1);
    }
}
