package io.drover.vmm.disk.zstd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * Decodes a frame at once: RFC 8878, 3.1.1. Without dictionaries, and without looking at the checksum of the contents. Takes
 * some 150 KiB of memory when it is first used. Not safe for use by several threads.
 */
public final class ZstdDecoder {
    static final int MAX_BLOCK_BYTES = 128 << 10;

    private static final int MAGIC = 0xFD2FB528;
    private static final int BLOCK_HEADER_BYTES = 3;
    private static final int RAW = 0;
    private static final int RLE = 1;
    private static final int COMPRESSED = 2;

    private Optional<Blocks> blocks = Optional.empty();

    private static final class Blocks {
        final Literals literals = new Literals();
        final Sequences sequences = new Sequences(literals);
    }

    /**
     * Decodes the frame that the source begins with; what follows it does not matter.
     *
     * @param target
     *            filled from its start
     * @return how many bytes of it
     * @throws ZstdFormatException
     *             also when they would be more than the target has
     */
    public int decode(byte[] source, int length, byte[] target) throws ZstdFormatException {
        ByteBuffer bytes = ByteBuffer.wrap(source, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        int at = header(bytes, length);
        if (blocks.isEmpty()) {
            blocks = Optional.of(new Blocks());
        }
        Blocks decoding = blocks.get();
        decoding.literals.clear();
        decoding.sequences.clear();
        int done = 0;
        while (true) {
            if (length - at < BLOCK_HEADER_BYTES) {
                throw new ZstdFormatException("frame ends too early");
            }
            int blockHeader = (bytes.getShort(at) & 0xFFFF) | ((bytes.get(at + 2) & 0xFF) << 16);
            at += BLOCK_HEADER_BYTES;
            int type = (blockHeader >>> 1) & 3;
            int size = blockHeader >>> 3;
            int stored = type == RLE ? 1 : size;
            if (stored > length - at) {
                throw new ZstdFormatException("block of " + size + " bytes (expected: within the frame)");
            }
            if (type <= RLE && size > target.length - done) {
                throw new ZstdFormatException("more than " + target.length + " bytes");
            }
            done += switch (type) {
                case RAW -> {
                    bytes.get(at, target, done, size);
                    yield size;
                }
                case RLE -> {
                    Arrays.fill(target, done, done + size, bytes.get(at));
                    yield size;
                }
                case COMPRESSED -> {
                    int behind = decoding.literals.read(bytes, at, at + size);
                    yield decoding.sequences.run(bytes, behind, at + size, target, done);
                }
                default -> throw new ZstdFormatException("block of the reserved type");
            };
            at += stored;
            if ((blockHeader & 1) != 0) {
                return done;
            }
        }
    }

    /** Checks the header and returns the offset behind it. Sizes that it tells are of no use here: the target has one. */
    private static int header(ByteBuffer bytes, int length) throws ZstdFormatException {
        if (length < 5 || bytes.getInt(0) != MAGIC) {
            throw new ZstdFormatException("no Zstandard frame");
        }
        int descriptor = bytes.get(4) & 0xFF;
        boolean singleSegment = (descriptor & 0x20) != 0;
        if ((descriptor & 0x08) != 0) {
            throw new ZstdFormatException("reserved bit of the frame header is set");
        }
        if ((descriptor & 3) != 0) {
            throw new ZstdFormatException("frame needs a dictionary");
        }
        int sizeFlag = descriptor >>> 6;
        int sizeBytes = sizeFlag == 0 ? singleSegment ? 1 : 0 : 1 << sizeFlag;
        return 5 + (singleSegment ? 0 : 1) + sizeBytes;
    }
}
