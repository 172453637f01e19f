package io.drover.vmm.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * Unpacks LZ4's legacy frame, the format of Debian's kernels: a magic number, then blocks that stand alone, each preceded by the
 * length of its data (lz4_Frame_format.md, "Legacy frame"; lz4_Block_format.md).
 *
 * <p>
 * Works in two arrays of fixed size. Arrays, and plain loops over them, because this runs in a cold JVM that may never compile
 * with more than C1, where access through memory segments costs several times as much.
 */
final class Lz4LegacyChannel implements ReadableByteChannel {
    /** As the format's first four bytes read in little endian. */
    static final int MAGIC = 0x184C_2102;

    /** How far back a match may reach. */
    private static final int HISTORY_BYTES = 64 << 10;
    private static final int WINDOW_BYTES = 256 << 10;
    private static final int INPUT_BYTES = 64 << 10;
    /** Up to this length a loop beats a call of arraycopy. */
    private static final int SHORT_COPY_BYTES = 16;
    private static final int LEAST_MATCH = 4;

    private enum Next {
        BLOCK, TOKEN, LITERALS, OFFSET, MATCH, END
    }

    private final ReadableByteChannel compressed;
    private final byte[] input = new byte[INPUT_BYTES];
    private final ByteBuffer inputBuffer = ByteBuffer.wrap(input);
    private int inputAt;
    private int inputEnd;

    private final byte[] window = new byte[WINDOW_BYTES];
    private int produced;
    private int delivered;

    private Next next = Next.BLOCK;
    /** Compressed bytes of the current block that are still to be read. */
    private int blockLeft;
    /** What the current block has given, and so how far back a match in it may reach. */
    private long blockProduced;
    private int literals;
    private int match;
    private int offset;

    /**
     * Takes the magic number from the channel and goes on from there.
     *
     * @param compressed
     *            ends where the frame ends
     * @throws IOException
     *             when it does not begin with the magic number, or cannot be read
     */
    Lz4LegacyChannel(ReadableByteChannel compressed) throws IOException {
        this.compressed = compressed;
        if (!refill() || int32() != MAGIC) {
            throw new IOException("LZ4 data : no magic number");
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (delivered == produced) {
            if (produced > HISTORY_BYTES) {
                System.arraycopy(window, produced - HISTORY_BYTES, window, 0, HISTORY_BYTES);
                produced = HISTORY_BYTES;
                delivered = HISTORY_BYTES;
            }
            fill();
            if (delivered == produced) {
                return -1;
            }
        }
        int count = Math.min(target.remaining(), produced - delivered);
        target.put(window, delivered, count);
        delivered += count;
        return count;
    }

    @Override
    public boolean isOpen() {
        return compressed.isOpen();
    }

    @Override
    public void close() throws IOException {
        compressed.close();
    }

    /** Goes on until the window is full or the data ends. */
    private void fill() throws IOException {
        while (produced < WINDOW_BYTES) {
            switch (next) {
                case BLOCK -> startBlock();
                case TOKEN -> {
                    int token = blockByte();
                    match = token & 15;
                    literals = extended(token >> 4);
                    next = Next.LITERALS;
                }
                case LITERALS -> copyLiterals();
                case OFFSET -> {
                    offset = blockByte() | (blockByte() << 8);
                    match = extended(match) + LEAST_MATCH;
                    if (offset == 0 || offset > blockProduced) {
                        throw new IOException(
                                "LZ4 data : match " + offset + " bytes back (expected: 1 to " + blockProduced
                                        + ")");
                    }
                    next = Next.MATCH;
                }
                case MATCH -> copyMatch();
                case END -> {
                    return;
                }
            }
        }
    }

    private void startBlock() throws IOException {
        if (inputAt == inputEnd && !refill()) {
            next = Next.END;
            return;
        }
        blockLeft = int32();
        if (blockLeft <= 0) {
            throw new IOException("LZ4 data : block of " + Integer.toUnsignedString(blockLeft) + " bytes");
        }
        blockProduced = 0;
        next = Next.TOKEN;
    }

    private void copyLiterals() throws IOException {
        if (literals > blockLeft) {
            throw new IOException("LZ4 data : " + literals + " literals (expected: at most " + blockLeft + ")");
        }
        if (literals > 0) {
            if (inputAt == inputEnd && !refill()) {
                throw cutOff();
            }
            int count = Math.min(literals, Math.min(WINDOW_BYTES - produced, inputEnd - inputAt));
            copy(input, inputAt, count);
            inputAt += count;
            blockLeft -= count;
            literals -= count;
        }
        if (literals == 0) {
            // The last sequence of a block has no match.
            next = blockLeft == 0 ? Next.BLOCK : Next.OFFSET;
        }
    }

    private void copyMatch() throws IOException {
        int count = Math.min(match, WINDOW_BYTES - produced);
        if (offset >= count) {
            copy(window, produced - offset, count);
        } else {
            byte[] bytes = window;
            int from = produced - offset;
            int to = produced;
            for (int end = to + count; to < end; to++, from++) {
                bytes[to] = bytes[from];
            }
            produced = to;
            blockProduced += count;
        }
        match -= count;
        if (match == 0) {
            if (blockLeft == 0) {
                throw new IOException("LZ4 data : block ends with a match");
            }
            next = Next.TOKEN;
        }
    }

    private void copy(byte[] source, int at, int count) {
        if (count <= SHORT_COPY_BYTES) {
            byte[] target = window;
            int to = produced;
            for (int i = 0; i < count; i++) {
                target[to + i] = source[at + i];
            }
        } else {
            System.arraycopy(source, at, window, produced, count);
        }
        produced += count;
        blockProduced += count;
    }

    /** A length that did not fit its four bits goes on in further bytes, the last of which is less than 255. */
    private int extended(int length) throws IOException {
        if (length < 15) {
            return length;
        }
        int sum = length;
        int more;
        do {
            more = blockByte();
            sum += more;
            if (sum > 1 << 30) {
                throw new IOException("LZ4 data : length " + sum);
            }
        } while (more == 255);
        return sum;
    }

    private int blockByte() throws IOException {
        if (blockLeft == 0) {
            throw new IOException("LZ4 data : block ends within a sequence");
        }
        blockLeft--;
        return nextByte();
    }

    private int int32() throws IOException {
        return nextByte() | (nextByte() << 8) | (nextByte() << 16) | (nextByte() << 24);
    }

    private int nextByte() throws IOException {
        if (inputAt == inputEnd && !refill()) {
            throw cutOff();
        }
        return input[inputAt++] & 0xFF;
    }

    /** Whether there is any more. */
    private boolean refill() throws IOException {
        inputBuffer.clear();
        int read = compressed.read(inputBuffer);
        inputAt = 0;
        inputEnd = Math.max(read, 0);
        return read > 0;
    }

    private static IOException cutOff() {
        return new IOException("LZ4 data : ends within a block");
    }
}
