package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.migration.lz4.Lz4Decoder;
import io.drover.vmm.migration.lz4.Lz4Encoder;
import io.drover.vmm.migration.lz4.Lz4FormatException;
import java.nio.ByteBuffer;

/** Unpacks what comes packed over one connection. Takes its memory when something does. Owned by one thread. */
final class Unpacker {
    private final FrameChannel channel;
    private ByteBuffer packed = ByteBuffer.allocateDirect(0);
    private byte[] block = new byte[0];
    private byte[] raw = new byte[0];

    Unpacker(FrameChannel channel) {
        this.channel = channel;
    }

    /**
     * Reads so many packed bytes, the last of their frame.
     *
     * @param bytes
     *            as the other side says
     * @param unpacked
     *            that must come out, up to 64 KiB
     * @return with them from 0 on; good until the next call
     */
    byte[] read(long bytes, int unpacked) throws StreamException {
        if (bytes < 1 || bytes >= unpacked) {
            throw damaged(unpacked + " bytes packed into " + bytes + " (expected: 1 to " + (unpacked - 1) + ")");
        }
        if (raw.length == 0) {
            packed = ByteBuffer.allocateDirect(Lz4Encoder.MAX_BYTES);
            block = new byte[Lz4Encoder.MAX_BYTES];
            raw = new byte[Lz4Encoder.MAX_BYTES];
        }
        IoVector vector = channel.newReading();
        vector.add(packed, 0, (int) bytes);
        channel.readWithNextHeader();
        packed.get(0, block, 0, (int) bytes);
        try {
            Lz4Decoder.decode(block, (int) bytes, raw, unpacked);
        } catch (Lz4FormatException e) {
            throw damaged("what was packed cannot be unpacked: " + e.getMessage());
        }
        return raw;
    }

    private static StreamException damaged(String what) {
        return new StreamException(FailureKind.DAMAGED, what);
    }
}
