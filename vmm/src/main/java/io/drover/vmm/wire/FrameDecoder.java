package io.drover.vmm.wire;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Cuts a byte stream into frames: a length as a varint, then that many bytes (vmm.proto). Holds no more than one frame and one
 * read; grows for long frames only. Owned by one thread.
 *
 * <p>
 * Use: read from the channel into {@link #space}, then take frames with {@link #next} until there is none.
 */
public final class FrameDecoder {
    /** A longer frame ends the connection (vmm.proto). */
    public static final int MAX_FRAME_BYTES = 1 << 20;

    private static final int READ_BYTES = 4096;
    /** Of the length: 2^20 takes three. */
    private static final int MAX_LENGTH_BYTES = 3;

    /** Filled from 0 to its position. */
    private ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
    /** Frames before this have been taken. */
    private int taken;

    /** Where the next bytes of the stream go; has room for at least one. */
    public ByteBuffer space() {
        if (taken > 0) {
            buffer.flip().position(taken);
            buffer.compact();
            taken = 0;
        }
        if (!buffer.hasRemaining()) {
            int wider = Math.min(buffer.capacity() * 4, MAX_FRAME_BYTES + MAX_LENGTH_BYTES + READ_BYTES);
            buffer = ByteBuffer.allocate(wider).put(buffer.flip());
        } else if (buffer.position() == 0 && buffer.capacity() > 16 * READ_BYTES) {
            buffer = ByteBuffer.allocate(READ_BYTES);
        }
        return buffer;
    }

    /**
     * The next whole frame, if it has arrived.
     *
     * @return a view that holds until the next call of {@link #space}
     * @throws FrameException
     *             when the length is beyond {@link #MAX_FRAME_BYTES} or no length at all
     */
    public Optional<ByteBuffer> next() throws FrameException {
        int length = 0;
        int at = taken;
        while (true) {
            if (at == buffer.position()) {
                return Optional.empty();
            }
            byte piece = buffer.get(at);
            length |= (piece & 0x7F) << (7 * (at - taken));
            at++;
            if (piece >= 0) {
                break;
            }
            if (at - taken == MAX_LENGTH_BYTES) {
                throw new FrameException(
                        "frame length : more than " + MAX_LENGTH_BYTES + " bytes long (expected: at most "
                                + MAX_FRAME_BYTES + " bytes of frame)");
            }
        }
        if (length > MAX_FRAME_BYTES) {
            throw new FrameException(
                    "frame length : " + length + " (expected: at most " + MAX_FRAME_BYTES + " bytes)");
        }
        if (buffer.position() - at < length) {
            return Optional.empty();
        }
        ByteBuffer frame = buffer.slice(at, length).asReadOnlyBuffer();
        taken = at + length;
        return Optional.of(frame);
    }
}
