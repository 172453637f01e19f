package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;

/** The sequences of a block, carried out: RFC 8878, 3.1.1.3.2 and 3.1.1.4. */
final class Sequences {
    private static final int MODE_PREDEFINED = 0;
    private static final int MODE_RLE = 1;
    private static final int MODE_COMPRESSED = 2;

    private static final int[] LITERALS_BASE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22,
            24,
            28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
    private static final byte[] LITERALS_BITS = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3,
            4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private static final int[] MATCH_BASE = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
            23,
            24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027,
            2051, 4099, 8195, 16387, 32771, 65539};
    private static final byte[] MATCH_BITS = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private static final short[] LITERALS_DEFAULT = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2,
            2,
            2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
    private static final short[] MATCH_DEFAULT = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
    private static final short[] OFFSET_DEFAULT = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1,
            -1, -1, -1, -1, -1};

    private final FseTable literalsTable = new FseTable(9, 35);
    private final FseTable offsetTable = new FseTable(8, 31);
    private final FseTable matchTable = new FseTable(9, 52);
    private final Literals literals;
    private int at;
    private long repeat1;
    private long repeat2;
    private long repeat3;

    Sequences(Literals literals) {
        this.literals = literals;
    }

    /** A new frame. */
    void clear() {
        literalsTable.clear();
        offsetTable.clear();
        matchTable.clear();
        repeat1 = 1;
        repeat2 = 4;
        repeat3 = 8;
    }

    /**
     * Reads the section up to its end, and writes the block.
     *
     * @param done
     *            bytes of the target written before
     * @return bytes of it written now
     */
    int run(ByteBuffer source, int from, int end, byte[] target, int done) throws ZstdFormatException {
        int count = readHeader(source, from, end);
        int taken = 0;
        int written = done;
        if (count > 0) {
            BackwardBits stream = new BackwardBits(source, at, end);
            int literalsState = (int) stream.read(literalsTable.accuracy());
            int offsetState = (int) stream.read(offsetTable.accuracy());
            int matchState = (int) stream.read(matchTable.accuracy());
            for (int each = 0; each < count; each++) {
                int offsetCode = offsetTable.symbol(offsetState);
                long offsetValue = (1L << offsetCode) + stream.read(offsetCode);
                int matchCode = matchTable.symbol(matchState);
                int match = MATCH_BASE[matchCode] + (int) stream.read(MATCH_BITS[matchCode]);
                int literalsCode = literalsTable.symbol(literalsState);
                int plain = LITERALS_BASE[literalsCode] + (int) stream.read(LITERALS_BITS[literalsCode]);
                if (each < count - 1) {
                    literalsState = literalsTable.next(literalsState, stream);
                    matchState = matchTable.next(matchState, stream);
                    offsetState = offsetTable.next(offsetState, stream);
                }
                if (stream.left() < 0 || plain > literals.count() - taken) {
                    throw new ZstdFormatException("sequences want more than there is");
                }
                copyLiterals(taken, plain, target, written);
                taken += plain;
                written += plain;
                copyMatch(target, written, offset(offsetValue, plain == 0), match);
                written += match;
            }
            if (stream.left() != 0) {
                throw new ZstdFormatException("sequences leave " + stream.left() + " bits");
            }
        }
        int rest = literals.count() - taken;
        copyLiterals(taken, rest, target, written);
        return written + rest - done;
    }

    private int readHeader(ByteBuffer source, int from, int end) throws ZstdFormatException {
        at = from;
        int first = next(source, end);
        int count = first < 128 ? first
                : first < 255 ? ((first - 128) << 8) + next(source, end)
                        : next(source, end) + (next(source, end) << 8) + 0x7F00;
        if (count == 0) {
            if (at != end) {
                throw new ZstdFormatException("bytes behind a block without sequences");
            }
            return 0;
        }
        int modes = next(source, end);
        if ((modes & 3) != 0) {
            throw new ZstdFormatException("reserved bits of the modes are set");
        }
        readTable(literalsTable, modes >>> 6, LITERALS_DEFAULT, 6, source, end);
        readTable(offsetTable, (modes >>> 4) & 3, OFFSET_DEFAULT, 5, source, end);
        readTable(matchTable, (modes >>> 2) & 3, MATCH_DEFAULT, 6, source, end);
        return count;
    }

    private void readTable(FseTable table, int mode, short[] predefined, int predefinedAccuracy, ByteBuffer source,
            int end) throws ZstdFormatException {
        switch (mode) {
            case MODE_PREDEFINED -> table.fill(predefined, predefinedAccuracy);
            case MODE_RLE -> table.fillWith(next(source, end));
            case MODE_COMPRESSED -> {
                table.clear();
                at = table.read(source, at, end);
                if (at > end) {
                    throw new ZstdFormatException("table ends too early");
                }
            }
            default -> {
                if (!table.isFilled()) {
                    throw new ZstdFormatException("no table before");
                }
            }
        }
    }

    private int next(ByteBuffer source, int end) throws ZstdFormatException {
        if (at >= end) {
            throw new ZstdFormatException("sequences end too early");
        }
        return source.get(at++) & 0xFF;
    }

    /** The last three offsets have numbers of their own, shifted by one where no literals come before. */
    private long offset(long value, boolean noLiterals) {
        long number = value > 3 ? value : value + (noLiterals ? 1 : 0);
        if (value > 3) {
            shift(value - 3);
        } else if (number == 2) {
            long offset = repeat2;
            repeat2 = repeat1;
            repeat1 = offset;
        } else if (number == 3) {
            shift(repeat3);
        } else if (number == 4) {
            shift(repeat1 - 1);
        }
        return repeat1;
    }

    private void shift(long offset) {
        repeat3 = repeat2;
        repeat2 = repeat1;
        repeat1 = offset;
    }

    private void copyLiterals(int from, int count, byte[] target, int written) throws ZstdFormatException {
        if (count > target.length - written) {
            throw new ZstdFormatException("more than " + target.length + " bytes");
        }
        System.arraycopy(literals.bytes(), from, target, written, count);
    }

    private static void copyMatch(byte[] target, int written, long offset, int count) throws ZstdFormatException {
        if (offset <= 0 || offset > written || count > target.length - written) {
            throw new ZstdFormatException("match of " + count + " bytes " + offset + " back (expected: within "
                    + written + " of " + target.length + ")");
        }
        int from = written - (int) offset;
        if (offset >= count) {
            System.arraycopy(target, from, target, written, count);
            return;
        }
        for (int each = 0; each < count; each++) {
            target[written + each] = target[from + each];
        }
    }
}
