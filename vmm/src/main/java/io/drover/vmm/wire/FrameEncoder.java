package io.drover.vmm.wire;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Makes frames that {@link FrameDecoder} cuts out again. */
public final class FrameEncoder {
    private FrameEncoder() {}

    /**
     * The message with its length before it.
     *
     * @throws FrameException
     *             when the message is longer than {@link FrameDecoder#MAX_FRAME_BYTES}
     */
    public static ByteBuffer encode(MessageLite message) throws FrameException {
        int length = message.getSerializedSize();
        if (length > FrameDecoder.MAX_FRAME_BYTES) {
            throw new FrameException("message : " + length + " bytes (expected: at most " + FrameDecoder.MAX_FRAME_BYTES
                    + ")");
        }
        byte[] bytes = new byte[CodedOutputStream.computeUInt32SizeNoTag(length) + length];
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            out.writeUInt32NoTag(length);
            message.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new IllegalStateException("message does not have the size it said : " + length, e);
        }
        return ByteBuffer.wrap(bytes);
    }
}
