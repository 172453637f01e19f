package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;

/** How literals are coded: RFC 8878, 4.2. Made once, filled again and again. */
final class HuffmanTable {
    private static final int MAX_BITS = 11;
    private static final int MAX_WEIGHT_ACCURACY = 6;
    private static final int MAX_SYMBOLS = 256;

    private final byte[] symbol = new byte[1 << MAX_BITS];
    private final byte[] bits = new byte[1 << MAX_BITS];
    private final byte[] weights = new byte[MAX_SYMBOLS];
    private final FseTable weightTable = new FseTable(MAX_WEIGHT_ACCURACY, MAX_BITS + 1);
    private int maxBits;
    private boolean filled;

    boolean isFilled() {
        return filled;
    }

    void clear() {
        filled = false;
    }

    /**
     * Reads a tree's description.
     *
     * @return the offset behind it
     */
    int read(ByteBuffer source, int from, int end) throws ZstdFormatException {
        filled = false;
        if (from >= end) {
            throw new ZstdFormatException("no Huffman tree");
        }
        int first = source.get(from) & 0xFF;
        int behind = from + 1 + (first < 128 ? first : (first - 126) >> 1);
        if (behind > end) {
            throw new ZstdFormatException("Huffman tree ends too early");
        }
        int count = first < 128 ? readCodedWeights(source, from + 1, behind)
                : readWeights(source, from + 1, first - 127);
        fill(count);
        filled = true;
        return behind;
    }

    private int readWeights(ByteBuffer source, int from, int count) {
        for (int each = 0; each < count; each++) {
            int pair = source.get(from + (each >> 1)) & 0xFF;
            weights[each] = (byte) ((each & 1) == 0 ? pair >>> 4 : pair & 15);
        }
        return count;
    }

    /** Two states take turns, until the bits are used up. */
    private int readCodedWeights(ByteBuffer source, int from, int end) throws ZstdFormatException {
        int streamStart = weightTable.read(source, from, end);
        BackwardBits stream = new BackwardBits(source, streamStart, end);
        int state = (int) stream.read(weightTable.accuracy());
        int other = (int) stream.read(weightTable.accuracy());
        if (stream.left() < 0) {
            throw new ZstdFormatException("Huffman weights end too early");
        }
        int count = 0;
        while (count < MAX_SYMBOLS - 2) {
            weights[count++] = (byte) weightTable.symbol(state);
            if (stream.left() < weightTable.bits(state)) {
                weights[count++] = (byte) weightTable.symbol(other);
                return count;
            }
            int next = weightTable.next(state, stream);
            state = other;
            other = next;
        }
        throw new ZstdFormatException("too many Huffman weights");
    }

    /** The last symbol's weight is what is missing to a power of two. */
    private void fill(int count) throws ZstdFormatException {
        int sum = 0;
        for (int each = 0; each < count; each++) {
            if (weights[each] > MAX_BITS) {
                throw new ZstdFormatException("Huffman weight " + weights[each]);
            }
            sum += weights[each] == 0 ? 0 : 1 << (weights[each] - 1);
        }
        if (sum == 0) {
            throw new ZstdFormatException("Huffman tree is empty");
        }
        maxBits = 32 - Integer.numberOfLeadingZeros(sum);
        int missing = (1 << maxBits) - sum;
        if (maxBits > MAX_BITS || Integer.bitCount(missing) != 1) {
            throw new ZstdFormatException("Huffman weights do not add up");
        }
        weights[count] = (byte) (32 - Integer.numberOfLeadingZeros(missing));
        int at = 0;
        for (int weight = 1; weight <= maxBits; weight++) {
            for (int each = 0; each <= count; each++) {
                if (weights[each] == weight) {
                    int entries = 1 << (weight - 1);
                    for (int entry = 0; entry < entries; entry++) {
                        symbol[at] = (byte) each;
                        bits[at++] = (byte) (maxBits + 1 - weight);
                    }
                }
            }
        }
    }

    /** Decodes one stream, all of it. */
    void decode(ByteBuffer source, int from, int end, byte[] target, int at, int count) throws ZstdFormatException {
        BackwardBits stream = new BackwardBits(source, from, end);
        for (int each = at; each < at + count; each++) {
            int code = (int) stream.peek(maxBits);
            target[each] = symbol[code];
            stream.skip(bits[code]);
        }
        if (stream.left() != 0) {
            throw new ZstdFormatException("Huffman stream has " + stream.left() + " bits too many");
        }
    }
}
