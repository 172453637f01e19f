package io.drover.vmm.net.user;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real passt(1). */
@Timeout(60)
class UserNetworkTest {
    private static final byte[] GATEWAY = {10, 0, 2, 2};
    private static final byte[] GUEST = {10, 0, 2, 15};

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "test");
    private final BlockingQueue<Boolean> link = new LinkedBlockingQueue<>();
    @TempDir
    private Path folder;
    private Poller poller;

    @BeforeEach
    void openPoller() throws IOException {
        poller = Poller.create();
    }

    @AfterEach
    void closePoller() {
        poller.close();
    }

    private UserNetwork start(List<PortForward> forwards) throws IOException {
        Assumptions.assumeTrue(Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, PasstCommand.PROGRAM))),
                "skipped: the Debian package passt is not installed");
        Assumptions.assumeTrue(Files.readString(Path.of("/proc/net/route")).lines()
                .anyMatch(line -> line.matches("\\S+\\s00000000\\s.*")),
                "skipped: the host has no default route, without which passt does not start");
        UserNetwork network = UserNetwork.create("nic", folder.resolve("nic/socket"), UserNetwork.DEFAULT_MTU_BYTES,
                forwards, log);
        network.port(0).attach(file -> poller.addChanges(file, 0));
        network.start(link::add);
        return network;
    }

    private void awaitLink(boolean up) throws InterruptedException {
        assertThat(link.poll(20, TimeUnit.SECONDS)).as(() -> logged.toString(StandardCharsets.UTF_8)).isEqualTo(up);
    }

    private static void send(FramePort port, byte[] frame) {
        ByteBuffer packet = ByteBuffer.allocateDirect(PacketLayout.HEADER_BYTES + frame.length);
        packet.put(PacketLayout.HEADER_BYTES, frame);
        IoVector vector = new IoVector(1);
        vector.add(packet, 0, packet.capacity());
        assertThat(port.send(vector)).isTrue();
    }

    /** The next frame that is what is looked for. */
    private byte[] await(FramePort port, Predicate<byte[]> wanted) throws IOException {
        while (true) {
            int bytes = port.receive();
            if (bytes == 0) {
                poller.await();
            } else {
                byte[] frame = new byte[bytes - PacketLayout.HEADER_BYTES];
                port.buffer().copyOut(port.position() + PacketLayout.HEADER_BYTES, frame);
                if (wanted.test(frame)) {
                    return frame;
                }
            }
        }
    }

    private static boolean isArpReply(byte[] frame) {
        return frame.length >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2;
    }

    @Test
    void gatewayAnswersAndAddressesAreGiven() throws Exception {
        UserNetwork network = start(List.of());
        try {
            awaitLink(true);
            FramePort port = network.port(0);
            send(port, Frames.arpRequest(GUEST, GATEWAY));
            assertThat(Arrays.copyOfRange(await(port, UserNetworkTest::isArpReply), 28, 32)).isEqualTo(GATEWAY);
            send(port, Frames.dhcpDiscover());
            byte[] offer = await(port, frame -> frame.length > 282 && frame[12] == 8 && frame[13] == 0
                    && frame[23] == 17 && frame[37] == 68);
            assertThat(Arrays.copyOfRange(offer, 58, 62)).as("yiaddr").isEqualTo(GUEST);
            network.port(0).detach();
        } finally {
            network.close();
        }
        awaitLink(false);
        assertThat(folder.resolve("nic/socket")).as("passt has ended").satisfiesAnyOf(
                socket -> assertThat(socket).doesNotExist(),
                socket -> assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive)).isEmpty());
    }

    @Test
    void onePasstThatDiesIsReplacedAndTheGuestSeesTheLinkGoAndCome() throws Exception {
        UserNetwork network = start(List.of());
        try {
            awaitLink(true);
            ProcessHandle passt = ProcessHandle.current().children().findFirst().orElseThrow();
            passt.destroyForcibly();
            awaitLink(false);
            awaitLink(true);
            FramePort port = network.port(0);
            send(port, Frames.arpRequest(GUEST, GATEWAY));
            assertThat(await(port, UserNetworkTest::isArpReply)).isNotEmpty();
            port.detach();
        } finally {
            network.close();
        }
    }

    @Test
    void frameOfNothingIsNoReasonToEnd() throws Exception {
        UserNetwork network = start(List.of());
        try {
            awaitLink(true);
            ByteBuffer nothing = ByteBuffer.allocateDirect(PacketLayout.HEADER_BYTES + PacketLayout.MIN_FRAME_BYTES);
            IoVector vector = new IoVector(1);
            vector.add(nothing, 0, nothing.capacity());
            assertThat(network.port(0).send(vector)).isTrue();
            send(network.port(0), Frames.arpRequest(GUEST, GATEWAY));
            assertThat(await(network.port(0), UserNetworkTest::isArpReply)).isNotEmpty();
            network.port(0).detach();
        } finally {
            network.close();
        }
    }

    @Test
    void forwardedPortIsListenedAt() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        UserNetwork network = start(List.of(new PortForward(PortForward.Protocol.TCP,
                Inet4Address.ofLiteral("127.0.0.1"), free, 80)));
        try {
            awaitLink(true);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), free)) {
                assertThat(client.isConnected()).isTrue();
                // What comes first, as the guest's address is not known yet: a question for it, or the connection itself.
                assertThat(await(network.port(0), frame -> true)).isNotEmpty();
            }
            network.port(0).detach();
        } finally {
            network.close();
        }
    }

    @Test
    void programThatFailsIsNoLinkAndSaysWhy() throws Exception {
        UserNetwork network = UserNetwork.create("nic", folder.resolve("nic/socket"),
                List.of("sh", "-c", "echo no such luck; exit 3"), log);
        network.start(link::add);
        long until = System.nanoTime() + 20_000_000_000L;
        while (!logged.toString(StandardCharsets.UTF_8).contains("status 3: no such luck")) {
            assertThat(System.nanoTime()).as(logged.toString(StandardCharsets.UTF_8)).isLessThan(until);
            Thread.onSpinWait();
        }
        network.close();
        assertThat(link).isEmpty();
    }

    @Test
    void programThatIsNotThereIsNoLink() throws Exception {
        UserNetwork network = UserNetwork.create("nic", folder.resolve("nic/socket"), List.of("/no/such/program"), log);
        network.start(link::add);
        long until = System.nanoTime() + 20_000_000_000L;
        while (!logged.toString(StandardCharsets.UTF_8).contains("package passt")) {
            assertThat(System.nanoTime()).isLessThan(until);
            Thread.onSpinWait();
        }
        network.close();
        assertThat(link).isEmpty();
    }
}
