package io.drover.vmm.migration.lz4;

import java.util.Arrays;

/** Makes blocks. Looks at each place once, and takes the first match that it meets. Owned by one thread; allocates nothing. */
public final class Lz4Encoder {
    /** Of a block, unpacked. */
    public static final int MAX_BYTES = 1 << 16;

    private static final int HASH_BITS = 12;
    private static final int HASH_FACTOR = 0x9E37_79B1;
    private static final int MIN_MATCH = 4;
    /** At the end, that are literals always. */
    private static final int LAST_LITERALS = 5;
    /** At the end, where no match begins. */
    private static final int NO_MATCH_BYTES = 12;
    /** So many places without a match make the steps a byte longer. */
    private static final int SKIP_BITS = 6;
    private static final int NIBBLE = 15;
    /** Of a match, that are compared one by one: most are shorter. */
    private static final int LOOK_BYTES = 24;

    /** The last place at which four bytes of a hash were seen. */
    private final char[] seen = new char[1 << HASH_BITS];
    /** Where what {@link #nextMatch} found stands before. */
    private int matchBefore;

    /**
     * Packs the bytes from 0 on.
     *
     * @param bytes
     *            up to {@link #MAX_BYTES}
     * @param into
     *            gets the block from 0 on
     * @param most
     *            that the block may have
     * @return how many it has; -1: they would be more than {@code most}
     */
    public int encode(byte[] from, int bytes, byte[] into, int most) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException("block : " + bytes + " bytes (expected: at most " + MAX_BYTES + ")");
        }
        Arrays.fill(seen, (char) 0);
        int lastMatch = bytes - NO_MATCH_BYTES;
        int literals = 0;
        int to = 0;
        int place = nextMatch(from, 1, lastMatch);
        while (place >= 0) {
            int before = matchBefore;
            while (place > literals && before > 0 && from[place - 1] == from[before - 1]) {
                place--;
                before--;
            }
            int length = matchLength(from, before, place, bytes - LAST_LITERALS);
            to = sequence(from, literals, place - literals, into, to, most, length - MIN_MATCH);
            if (to < 0 || to + 2 > most) {
                return -1;
            }
            int offset = place - before;
            into[to++] = (byte) offset;
            into[to++] = (byte) (offset >>> 8);
            if (length - MIN_MATCH >= NIBBLE) {
                to = extension(length - MIN_MATCH - NIBBLE, into, to, most);
                if (to < 0) {
                    return -1;
                }
            }
            literals = place + length;
            place = nextMatch(from, literals, lastMatch);
        }
        return sequence(from, literals, bytes - literals, into, to, most, 0);
    }

    /** The first place from {@code place} on that repeats four bytes before it; -1: there is none. */
    private int nextMatch(byte[] from, int place, int last) {
        int at = place;
        for (int tries = 1 << SKIP_BITS; at <= last; at += tries++ >>> SKIP_BITS) {
            byte first = from[at];
            // By a buffer's getInt it takes longer where only the first compiler works.
            int four = (first & 0xFF) | ((from[at + 1] & 0xFF) << 8) | ((from[at + 2] & 0xFF) << 16)
                    | (from[at + 3] << 24);
            int hash = (four * HASH_FACTOR) >>> (Integer.SIZE - HASH_BITS);
            int before = seen[hash];
            seen[hash] = (char) at;
            if (from[before] == first && from[before + 1] == from[at + 1] && from[before + 2] == from[at + 2]
                    && from[before + 3] == from[at + 3] && before < at) {
                matchBefore = before;
                return at;
            }
        }
        return -1;
    }

    private static int matchLength(byte[] from, int before, int place, int end) {
        int most = end - place;
        int length = MIN_MATCH;
        int look = Math.min(most, LOOK_BYTES);
        while (length < look && from[before + length] == from[place + length]) {
            length++;
        }
        if (length < LOOK_BYTES) {
            return length;
        }
        int same = Arrays.mismatch(from, before + length, before + most, from, place + length, end);
        return same < 0 ? most : length + same;
    }

    /** Writes a token and literals; gives what is behind them, or -1 if that is beyond the limit. */
    private static int sequence(byte[] from, int first, int count, byte[] into, int at, int limit, int matchCode) {
        int to = at;
        if (to >= limit) {
            return -1;
        }
        into[to++] = (byte) ((Math.min(count, NIBBLE) << 4) | Math.min(matchCode, NIBBLE));
        if (count >= NIBBLE) {
            to = extension(count - NIBBLE, into, to, limit);
            if (to < 0) {
                return -1;
            }
        }
        if (to + count > limit) {
            return -1;
        }
        System.arraycopy(from, first, into, to, count);
        return to + count;
    }

    private static int extension(int length, byte[] into, int at, int limit) {
        int to = at;
        int left = length;
        if (to + left / 255 + 1 > limit) {
            return -1;
        }
        for (; left >= 255; left -= 255) {
            into[to++] = (byte) 255;
        }
        into[to++] = (byte) left;
        return to;
    }
}
