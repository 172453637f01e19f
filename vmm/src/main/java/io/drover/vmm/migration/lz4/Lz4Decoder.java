package io.drover.vmm.migration.lz4;

/** Unpacks blocks, whoever made them. */
public final class Lz4Decoder {
    private static final int MIN_MATCH = 4;
    private static final int NIBBLE = 15;
    /** Copied one by one: a call takes longer. */
    private static final int FEW_BYTES = 16;

    private final byte[] from;
    private final int end;
    private int at;

    private Lz4Decoder(byte[] from, int end) {
        this.from = from;
        this.end = end;
    }

    /**
     * Unpacks a block.
     *
     * @param from
     *            has it from 0 on
     * @param length
     *            of it
     * @param into
     *            gets what comes out, from 0 on
     * @param bytes
     *            that must come out; no more are written
     * @throws Lz4FormatException
     *             when it is no such block
     */
    public static void decode(byte[] from, int length, byte[] into, int bytes) throws Lz4FormatException {
        new Lz4Decoder(from, length).decode(into, bytes);
    }

    private void decode(byte[] into, int bytes) throws Lz4FormatException {
        int to = 0;
        while (true) {
            int token = next();
            int literals = length(token >>> 4, bytes);
            if (literals > end - at || literals > bytes - to) {
                throw new Lz4FormatException(literals + " literals at " + to + " (expected: at most "
                        + Math.min(end - at, bytes - to) + ")");
            }
            System.arraycopy(from, at, into, to, literals);
            at += literals;
            to += literals;
            if (at == end) {
                break;
            }
            int offset = next() | (next() << 8);
            int match = MIN_MATCH + length(token & NIBBLE, bytes);
            if (offset < 1 || offset > to || match > bytes - to) {
                throw new Lz4FormatException("a match of " + match + " bytes, " + offset + " before " + to
                        + " (expected: within " + bytes + ")");
            }
            repeat(into, to, offset, match);
            to += match;
        }
        if (to != bytes) {
            throw new Lz4FormatException(to + " bytes came out of a block (expected: " + bytes + ")");
        }
    }

    private static void repeat(byte[] into, int at, int offset, int count) {
        if (count < FEW_BYTES) {
            for (int i = at; i < at + count; i++) {
                into[i] = into[i - offset];
            }
            return;
        }
        int done = 0;
        while (done < count) {
            // What was copied can be copied from, too: the pattern doubles.
            int some = Math.min(count - done, offset + done);
            System.arraycopy(into, at - offset, into, at + done, some);
            done += some;
        }
    }

    private int length(int nibble, int most) throws Lz4FormatException {
        int length = nibble;
        if (nibble == NIBBLE) {
            int more;
            do {
                more = next();
                length += more;
            } while (more == 255 && length <= most);
        }
        return length;
    }

    private int next() throws Lz4FormatException {
        if (at == end) {
            throw new Lz4FormatException("a block ends in the midst of a sequence");
        }
        return from[at++] & 0xFF;
    }
}
