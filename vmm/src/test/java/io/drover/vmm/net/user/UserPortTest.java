package io.drover.vmm.net.user;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.PacketLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class UserPortTest {
    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    @TempDir
    private Path folder;
    private UserPort port;
    private Poller poller;
    private ServerSocketChannel server;
    private SocketChannel peer;

    @BeforeEach
    void connect() throws IOException {
        port = new UserPort("nic", new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "test"));
        poller = Poller.create();
        port.attach(file -> poller.addChanges(file, 0));
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(folder.resolve("s")));
        peer = connectPeer();
    }

    private SocketChannel connectPeer() throws IOException {
        port.connected(UnixSocket.connect(folder.resolve("s")));
        return server.accept();
    }

    @AfterEach
    void close() throws IOException {
        port.detach();
        port.close();
        poller.close();
        server.close();
        peer.close();
    }

    private static byte[] frame(int bytes, int seed) {
        byte[] frame = new byte[bytes];
        new Random(seed).nextBytes(frame);
        return frame;
    }

    private static ByteBuffer framed(byte[] frame) {
        return ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).flip();
    }

    private byte[] receive() throws IOException {
        int bytes = port.receive();
        while (bytes == 0) {
            poller.await();
            bytes = port.receive();
        }
        return packet(bytes);
    }

    private byte[] packet(int bytes) {
        byte[] packet = new byte[bytes];
        port.buffer().copyOut(port.position(), packet);
        return packet;
    }

    private static byte[] packetOf(byte[] frame) {
        return ByteBuffer.allocate(PacketLayout.HEADER_BYTES + frame.length).put(PacketLayout.HEADER_BYTES, frame)
                .array();
    }

    private static IoVector vector(ByteBuffer buffer, byte[] frame) {
        buffer.put(0, packetOf(frame));
        IoVector vector = new IoVector(2);
        vector.add(buffer, 0, 20);
        vector.add(buffer, 20, PacketLayout.HEADER_BYTES + frame.length - 20);
        return vector;
    }

    @Test
    void framesComeWithAnEmptyHeader() throws IOException {
        peer.write(framed(frame(60, 1)));
        peer.write(framed(frame(PacketLayout.MAX_FRAME_BYTES, 2)));
        assertThat(receive()).isEqualTo(packetOf(frame(60, 1)));
        assertThat(receive()).isEqualTo(packetOf(frame(PacketLayout.MAX_FRAME_BYTES, 2)));
        assertThat(port.receive()).isZero();
    }

    @Test
    void framesAreSentBehindTheirLength() throws IOException {
        assertThat(port.send(vector(ByteBuffer.allocateDirect(200), frame(60, 1)))).isTrue();
        ByteBuffer got = ByteBuffer.allocate(64);
        while (got.hasRemaining() && peer.read(got) >= 0) {
            // On.
        }
        assertThat(got.flip()).isEqualTo(framed(frame(60, 1)));
    }

    @Test
    void fullStreamGoesOnWhereItStopped() throws Exception {
        ByteBuffer buffer = ByteBuffer.allocateDirect(70_000);
        List<byte[]> sent = new ArrayList<>();
        boolean done;
        do {
            sent.add(frame(60_000, sent.size()));
            done = port.send(vector(buffer, sent.getLast()));
        } while (done);
        ByteBuffer expected = ByteBuffer.allocate(60_004 * sent.size());
        sent.forEach(frame -> expected.put(framed(frame)));
        ByteBuffer got = ByteBuffer.allocate(expected.capacity());
        while (got.hasRemaining()) {
            peer.read(got);
            port.flush();
        }
        assertThat(port.flush()).isTrue();
        assertThat(got.flip()).isEqualTo(expected.flip());
    }

    @Test
    void lengthThatNoFrameHasEndsTheConnection() throws IOException {
        for (int length : new int[] {13, 0, -1, PacketLayout.MAX_FRAME_BYTES + 1, Integer.MIN_VALUE}) {
            peer.write(framed(frame(60, 1)));
            peer.write(ByteBuffer.allocate(4).putInt(0, length));
            assertThat(receive()).hasSize(72);
            while (!logged.toString(StandardCharsets.UTF_8).contains(Integer.toUnsignedString(length) + " (expected")) {
                assertThat(port.receive()).isZero();
            }
            assertThat(peer.read(ByteBuffer.allocate(1))).as("closed").isNegative();
            assertThat(port.send(vector(ByteBuffer.allocateDirect(200), frame(60, 1)))).as("lost").isTrue();
            peer.close();
            peer = connectPeer();
        }
    }

    @Test
    void nextConnectionTakesOverWithinAFrame() throws IOException {
        peer.write(ByteBuffer.allocate(30).putInt(0, 100));
        assertThat(port.receive()).isZero();
        peer.close();
        peer = connectPeer();
        peer.write(framed(frame(61, 2)));
        assertThat(receive()).isEqualTo(packetOf(frame(61, 2)));
    }

    @Test
    void sendingToADeadPeerLosesTheFrame() throws IOException {
        assertThat(port.receive()).isZero();
        peer.close();
        IoVector packet = vector(ByteBuffer.allocateDirect(200), frame(60, 1));
        assertThat(port.send(packet)).isTrue();
        assertThat(port.send(packet)).isTrue();
        assertThat(logged.toString(StandardCharsets.UTF_8)).contains("EPIPE").containsOnlyOnce("is lost");
    }

    @Property(tries = 50)
    void framesArriveHoweverTheStreamIsCut(@ForAll long seed) throws IOException {
        folder = Files.createTempDirectory("drover-port");
        connect();
        try {
            receiveInPieces(new Random(seed));
        } finally {
            close();
            Files.delete(folder.resolve("s"));
            Files.delete(folder);
        }
    }

    private void receiveInPieces(Random random) throws IOException {
        List<byte[]> frames = new ArrayList<>();
        int bytes = 0;
        for (int i = 0; i < 40; i++) {
            frames.add(frame(random.nextInt(4) == 0 ? 14 + random.nextInt(PacketLayout.MAX_FRAME_BYTES - 13)
                    : 14 + random.nextInt(1500), i));
            bytes += 4 + frames.getLast().length;
        }
        ByteBuffer stream = ByteBuffer.allocate(bytes);
        frames.forEach(frame -> stream.put(framed(frame)));
        stream.flip();
        for (byte[] frame : frames) {
            int got = port.receive();
            while (got == 0) {
                stream.limit(Math.min(bytes, stream.position() + 1 + random.nextInt(90_000)));
                peer.write(stream);
                got = port.receive();
            }
            assertThat(packet(got)).isEqualTo(packetOf(frame));
        }
    }
}
