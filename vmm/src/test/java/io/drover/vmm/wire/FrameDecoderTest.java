package io.drover.vmm.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.ConsoleInputRequest;
import io.drover.proto.vmm.v1.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {
    /** However a stream is cut into reads, the frames come out as they went in. */
    @Property(tries = 200)
    void framesSurviveAnyCutting(@ForAll @Size(max = 8) List<@IntRange(max = 200_000) Integer> lengths,
            @ForAll @IntRange(min = 1, max = 70_000) int pieceBytes) throws IOException {
        List<Request> sent = new ArrayList<>();
        ByteBuffer stream = ByteBuffer.allocate(2 << 20);
        for (int length : lengths) {
            Request request = Request.newBuilder().setId(length + 1L)
                    .setConsoleInput(ConsoleInputRequest.newBuilder().setData(ByteString.copyFrom(new byte[length])))
                    .build();
            sent.add(request);
            stream.put(FrameEncoder.encode(request));
        }
        stream.flip();

        FrameDecoder decoder = new FrameDecoder();
        List<Request> received = new ArrayList<>();
        while (stream.hasRemaining()) {
            ByteBuffer space = decoder.space();
            int piece = Math.min(Math.min(pieceBytes, space.remaining()), stream.remaining());
            space.put(stream.slice(stream.position(), piece));
            stream.position(stream.position() + piece);
            for (Optional<ByteBuffer> frame = decoder.next(); frame.isPresent(); frame = decoder.next()) {
                received.add(Request.parseFrom(frame.get()));
            }
        }
        assertThat(received).isEqualTo(sent);
    }

    @Test
    void longestFrameIsTakenAndALongerOneRefused() throws IOException {
        FrameDecoder decoder = new FrameDecoder();
        byte[] frame = new byte[FrameDecoder.MAX_FRAME_BYTES];
        put(decoder, new byte[] {(byte) 0x80, (byte) 0x80, 0x40});
        put(decoder, frame);
        assertThat(decoder.next().orElseThrow().remaining()).isEqualTo(FrameDecoder.MAX_FRAME_BYTES);

        FrameDecoder longer = new FrameDecoder();
        put(longer, new byte[] {(byte) 0x81, (byte) 0x80, 0x40});
        assertThatThrownBy(longer::next).isInstanceOf(FrameException.class).hasMessageContaining("1048577");
    }

    @Test
    void lengthWithoutEndIsRefused() {
        FrameDecoder decoder = new FrameDecoder();
        put(decoder, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
        assertThatThrownBy(decoder::next).isInstanceOf(FrameException.class);
    }

    private static void put(FrameDecoder decoder, byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            ByteBuffer space = decoder.space();
            int piece = Math.min(space.remaining(), bytes.length - at);
            space.put(bytes, at, piece);
            at += piece;
        }
    }
}
