package io.drover.vmm.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.vsock.GuestSockets.Packet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class VsockDeviceTest {
    private static final int PORT = 52;
    private static final int RECEIVE = 1;
    private static final int SEND = 2;
    private static final int RUNNING = 15;
    private static final int NEEDS_RESET = 0x40;

    @TempDir
    private Path folder;

    private final VirtioBench bench = new VirtioBench();
    private final List<SocketChannel> clients = new ArrayList<>();
    private Path socket;
    private VsockDevice device;
    private VirtioPciFunction function;
    private GuestSockets guest;

    @BeforeEach
    void plug() throws Exception {
        socket = folder.resolve("vsock");
        device = VsockDevice.listen("vsock", GuestSockets.CID, socket);
        function = bench.plug(device);
        guest = new GuestSockets(bench);
    }

    @AfterEach
    void close() throws IOException {
        for (SocketChannel client : clients) {
            client.close();
        }
        bench.close();
    }

    private void start() throws GuestAddressException {
        guest.start(true).giveBuffers(0, GuestSockets.BUFFERS);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
        clients.add(client);
        client.connect(UnixDomainSocketAddress.of(socket));
        return client;
    }

    private SocketChannel connect(int port) throws IOException {
        SocketChannel client = connect();
        say(client, "CONNECT " + port + "\n");
        return client;
    }

    private static void say(SocketChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** A stream that the guest has accepted: its port on the host. */
    private int open(SocketChannel client, int guestBuffer) throws Exception {
        Packet request = guest.next(GuestSockets.REQUEST);
        guest.send(GuestSockets.RESPONSE, request.hostPort(), request.guestPort(), 0, guestBuffer, 0, new byte[0]);
        assertThat(line(client)).isEqualTo("OK " + request.hostPort());
        return request.hostPort();
    }

    private static String line(SocketChannel client) throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (client.read(one.clear()) == 1 && one.get(0) != '\n') {
            line.append((char) one.get(0));
        }
        return line.toString();
    }

    private static String read(SocketChannel client, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && client.read(buffer) >= 0) {
            // There is more.
        }
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
    }

    private static boolean isAtEnd(SocketChannel client) {
        try {
            return client.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    void configurationIsTheGuestsAddress() {
        assertThat(guest.driver().config(0, 4)).isEqualTo(0x1053_1AF4L);
        assertThat(guest.driver().deviceConfig(0, 8)).isEqualTo(GuestSockets.CID);
        assertThat(guest.driver().deviceConfig(8, 8)).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void clientReachesAListenerInTheGuest(boolean eventIndex) throws Exception {
        guest.start(eventIndex).giveBuffers(0, GuestSockets.BUFFERS);
        SocketChannel client = connect();
        say(client, "CONN");
        say(client, "ECT 52\nearly");
        Packet request = guest.next(GuestSockets.REQUEST);
        assertThat(request.sourceCid()).isEqualTo(2);
        assertThat(request.destinationCid()).isEqualTo(GuestSockets.CID);
        assertThat(request.type()).isEqualTo(1);
        assertThat(request.guestPort()).isEqualTo(PORT);
        assertThat(request.bufferBytes()).isEqualTo(Credit.WINDOW_BYTES);
        guest.send(GuestSockets.RESPONSE, request.hostPort(), PORT, 0);
        assertThat(line(client)).isEqualTo("OK " + request.hostPort());
        assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("early")));
        guest.send(GuestSockets.RW, request.hostPort(), PORT, 0, bytes("hello"));
        assertThat(read(client, 5)).isEqualTo("hello");
        say(client, "last");
        client.close();
        assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("last")));
        assertThat(guest.next(GuestSockets.SHUTDOWN).flags()).isEqualTo(RECEIVE | SEND);
        guest.send(GuestSockets.RST, request.hostPort(), PORT, 0);
        await(() -> device.counts().open() == 0);
        assertThat(device.counts()).isEqualTo(new VsockCounts(0, 1, 0, 0, 9, 5));
    }

    @Test
    void clientIsClosedWhenNobodyListensInTheGuest() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        Packet request = guest.next(GuestSockets.REQUEST);
        guest.send(GuestSockets.RST, request.hostPort(), PORT, 0);
        assertThat(isAtEnd(client)).isTrue();
        assertThat(device.counts().refused()).isEqualTo(1);
    }

    @Test
    void clientThatWaitsForTheDriverIsServedWhenItIsReady() throws Exception {
        SocketChannel client = connect(PORT);
        start();
        open(client, 1000);
    }

    @Test
    void clientThatGoesBeforeTheGuestHasAnsweredIsForgotten() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        Packet request = guest.next(GuestSockets.REQUEST);
        client.close();
        assertThat(guest.next(GuestSockets.RST).hostPort()).isEqualTo(request.hostPort());
        await(() -> device.counts().open() == 0);
        guest.send(GuestSockets.RESPONSE, request.hostPort(), PORT, 0);
        assertThat(guest.next(GuestSockets.RST).hostPort()).isEqualTo(request.hostPort());
    }

    @Test
    void clientThatSaysSomethingElseIsClosed() throws Exception {
        start();
        SocketChannel client = connect();
        say(client, "GET / HTTP/1.1\r\n");
        assertThat(isAtEnd(client)).isTrue();
        await(() -> device.counts().open() == 0);
    }

    @Test
    void guestReachesWhoListensBesideTheSocket() throws Exception {
        start();
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(folder.resolve("vsock_4000000000")));
            int port = (int) 4_000_000_000L;
            guest.send(GuestSockets.REQUEST, port, 1025, 0);
            Packet response = guest.next(GuestSockets.RESPONSE);
            assertThat(response.hostPort()).isEqualTo(port);
            assertThat(response.guestPort()).isEqualTo(1025);
            try (SocketChannel served = server.accept()) {
                guest.send(GuestSockets.RW, port, 1025, 0, bytes("ping"));
                assertThat(read(served, 4)).isEqualTo("ping");
                say(served, "pong");
                assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("pong")));
                guest.send(GuestSockets.SHUTDOWN, port, 1025, RECEIVE | SEND);
                guest.next(GuestSockets.RST);
                assertThat(isAtEnd(served)).isTrue();
            }
            assertThat(device.counts().fromGuest()).isEqualTo(1);
            await(() -> device.counts().open() == 0);
        }
    }

    @Test
    void guestIsResetWhenNobodyListens() throws Exception {
        start();
        guest.send(GuestSockets.REQUEST, 99, 1025, 0);
        Packet reset = guest.next(GuestSockets.RST);
        assertThat(reset.hostPort()).isEqualTo(99);
        assertThat(reset.guestPort()).isEqualTo(1025);
        assertThat(device.counts().refused()).isEqualTo(1);
    }

    @Test
    void halvesCloseOneByOne() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        client.shutdownOutput();
        assertThat(guest.next(GuestSockets.SHUTDOWN).flags()).isEqualTo(SEND);
        guest.send(GuestSockets.RW, port, PORT, 0, bytes("answer"));
        guest.send(GuestSockets.SHUTDOWN, port, PORT, SEND);
        assertThat(read(client, 100)).isEqualTo("answer");
        // Now nothing can go either way.
        assertThat(guest.next(GuestSockets.SHUTDOWN).flags()).isEqualTo(RECEIVE | SEND);
        guest.send(GuestSockets.RST, port, PORT, 0);
        await(() -> device.counts().open() == 0);
    }

    @Test
    void clientOfAGuestThatReadsNoMoreCannotWrite() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        guest.send(GuestSockets.SHUTDOWN, port, PORT, RECEIVE);
        assertThatThrownBy(() -> {
            while (true) {
                say(client, "x");
            }
        }).isInstanceOf(IOException.class);
    }

    @Test
    void guestThatDoesNotReadHoldsItsClientUp() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 10);
        say(client, "0123456789abcdef");
        assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("0123456789")));
        guest.next(GuestSockets.CREDIT_REQUEST);
        guest.send(GuestSockets.CREDIT_UPDATE, port, PORT, 0, 10, 4, new byte[0]);
        assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("abcd")));
        guest.next(GuestSockets.CREDIT_REQUEST);
        // Its own question is answered too.
        guest.send(GuestSockets.CREDIT_REQUEST, port, PORT, 0, 10, 4, new byte[0]);
        assertThat(guest.next(GuestSockets.CREDIT_UPDATE).bufferBytes()).isEqualTo(Credit.WINDOW_BYTES);
        guest.send(GuestSockets.CREDIT_UPDATE, port, PORT, 0, 10, 14, new byte[0]);
        assertThat(guest.next(GuestSockets.RW).data()).isEqualTo(ByteBuffer.wrap(bytes("ef")));
    }

    @Test
    void clientThatDoesNotReadHoldsItsGuestUpAndGetsEverything() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        byte[] data = new byte[8000];
        new Random(1).nextBytes(data);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        int forwarded = 0;
        // Until a packet would not fit: what the socket took is told.
        while (sent.size() - forwarded + data.length <= Credit.WINDOW_BYTES) {
            guest.send(GuestSockets.RW, port, PORT, 0, data);
            sent.write(data);
            guest.send(GuestSockets.CREDIT_REQUEST, port, PORT, 0);
            forwarded = guest.next(GuestSockets.CREDIT_UPDATE).forwarded();
        }
        assertThat(sent.size() - forwarded).isGreaterThan(Credit.WINDOW_BYTES - data.length);
        guest.send(GuestSockets.SHUTDOWN, port, PORT, SEND);
        ByteBuffer got = ByteBuffer.allocate(sent.size() + 1);
        while (client.read(got) >= 0) {
            // There is more.
        }
        assertThat(got.flip().remaining()).isEqualTo(sent.size());
        byte[] read = new byte[sent.size()];
        got.get(read);
        assertThat(read).isEqualTo(sent.toByteArray());
        int told = forwarded;
        while (told != sent.size()) {
            guest.send(GuestSockets.CREDIT_REQUEST, port, PORT, 0);
            told = guest.next(GuestSockets.CREDIT_UPDATE).forwarded();
        }
    }

    @Test
    void clientGetsWhatIsHeldAfterTheGuestHasClosed() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        byte[] data = new byte[8000];
        int sent = 0;
        int forwarded = 0;
        while (sent == forwarded) {
            guest.send(GuestSockets.RW, port, PORT, 0, data);
            sent += data.length;
            guest.send(GuestSockets.CREDIT_REQUEST, port, PORT, 0);
            forwarded = guest.next(GuestSockets.CREDIT_UPDATE).forwarded();
        }
        guest.send(GuestSockets.SHUTDOWN, port, PORT, RECEIVE | SEND);
        guest.next(GuestSockets.RST);
        assertThat(device.counts().open()).as("while something is held").isEqualTo(1);
        assertThat(read(client, sent + 1)).hasSize(sent);
        await(() -> device.counts().open() == 0);
    }

    @Test
    void moreThanItsCreditIsReset() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        byte[] data = new byte[8000];
        Packet last = new Packet(0, 0, 0, 0, 0, 0, 0, 0, 0, ByteBuffer.wrap(data));
        // The guest does not care for what it is told.
        for (int i = 0; i < 1000 && last.operation() != GuestSockets.RST; i++) {
            guest.send(GuestSockets.RW, port, PORT, 0, data);
            guest.send(GuestSockets.CREDIT_REQUEST, port, PORT, 0);
            last = guest.next();
        }
        assertThat(last.operation()).isEqualTo(GuestSockets.RST);
        await(() -> device.counts().open() == 0);
    }

    @Test
    void packetsOfNoStreamAreReset() throws Exception {
        start();
        for (int operation : new int[] {0, GuestSockets.RESPONSE, GuestSockets.SHUTDOWN, GuestSockets.RW,
                GuestSockets.CREDIT_UPDATE, GuestSockets.CREDIT_REQUEST, 8, 0xFFFF}) {
            guest.send(operation, 7, operation, 0);
            Packet reset = guest.next(GuestSockets.RST);
            assertThat(reset.hostPort()).isEqualTo(7);
            assertThat(reset.guestPort()).isEqualTo(operation);
        }
        // A reset is answered by nothing, nor is what is said in another's name; the type is one that is not here.
        guest.send(GuestSockets.RST, 7, 1, 0);
        guest.write(0, 77, 1, GuestSockets.RW, 7, 2, 0, 0, 0, 0, new byte[0]);
        guest.out().offer(0);
        guest.write(2, GuestSockets.CID, 2, GuestSockets.REQUEST, 7, 3, 0, 0, 0, 0, new byte[0]);
        guest.out().offer(2);
        guest.driver().kick(1);
        assertThat(guest.next(GuestSockets.RST).guestPort()).isEqualTo(3);
    }

    @Test
    void whatIsOutOfTurnEndsTheStream() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 1000);
        guest.send(GuestSockets.REQUEST, port, PORT, 0);
        guest.next(GuestSockets.RST);
        assertThat(isAtEnd(client)).isTrue();
        SocketChannel early = connect(PORT);
        Packet request = guest.next(GuestSockets.REQUEST);
        guest.send(GuestSockets.RW, request.hostPort(), PORT, 0, bytes("too early"));
        guest.next(GuestSockets.RST);
        assertThat(isAtEnd(early)).isTrue();
        await(() -> device.counts().open() == 0);
    }

    @Test
    void stormOfClientsWaitsItsTurn() throws Exception {
        start();
        int more = 20;
        for (int i = 0; i < ConnectionTable.SLOTS + more; i++) {
            connect(i);
        }
        for (int i = 0; i < ConnectionTable.SLOTS; i++) {
            Packet request = next(GuestSockets.REQUEST);
            guest.send(GuestSockets.RESPONSE, request.hostPort(), request.guestPort(), 0);
            assertThat(line(clients.get(request.guestPort()))).isEqualTo("OK " + request.hostPort());
        }
        assertThat(device.counts().open()).isEqualTo(ConnectionTable.SLOTS);
        for (int i = 0; i < more; i++) {
            clients.get(i).close();
            // The guest does not bother to answer, so the one that is half closed gives way.
            assertThat(next(GuestSockets.SHUTDOWN).guestPort()).isEqualTo(i);
            assertThat(next(GuestSockets.REQUEST).guestPort()).isGreaterThanOrEqualTo(ConnectionTable.SLOTS);
        }
        assertThat(device.counts().open()).isEqualTo(ConnectionTable.SLOTS);
        say(clients.get(more), "x");
        assertThat(next(GuestSockets.RW).guestPort()).isEqualTo(more);
    }

    /** The next that is such, whatever else comes before. */
    private Packet next(int operation) throws Exception {
        Packet packet = guest.next();
        while (packet.operation() != operation) {
            packet = guest.next();
        }
        return packet;
    }

    @Test
    void guestThatTakesNothingIsNotListenedToForLong() throws Exception {
        guest.start(true);
        int packets = 64;
        for (int i = 0; i < packets; i++) {
            guest.write(2 * i, GuestSockets.CID, 1, GuestSockets.RW, 9, i, 0, 0, 0, 0, new byte[0]);
            guest.out().offer(2 * i);
        }
        guest.driver().kick(1);
        awaitUsed(packets - 1);
        connect();
        await(() -> device.counts().open() == 1);
        assertThat(guest.out().usedIndex()).as("packets taken while resets are owed").isEqualTo(packets - 1);
        guest.giveBuffers(0, GuestSockets.BUFFERS);
        for (int i = 0; i < packets; i++) {
            assertThat(guest.next(GuestSockets.RST).guestPort()).isEqualTo(i);
        }
        awaitUsed(packets);
    }

    private void awaitUsed(int packets) throws GuestAddressException {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (guest.out().usedIndex() != packets) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    void driversResetClosesEverythingAndTheNextDriverBeginsAnew() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        open(client, 1000);
        guest.driver().reset();
        assertThat(isAtEnd(client)).isTrue();
        assertThat(device.counts().open()).isZero();
        start();
        open(connect(PORT), 1000);
    }

    @Test
    void transportResetEndsEverythingAndTellsTheDriverFirst() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        open(client, 1000);
        device.resetTransport();
        assertThat(isAtEnd(client)).isTrue();
        SocketChannel next = connect(PORT);
        await(() -> device.counts().open() == 1);
        guest.giveEventBuffer();
        assertThat(guest.awaitEvent()).isZero();
        // Until it has given the next buffer it has not dealt with this.
        guest.send(GuestSockets.RST, 7, 7, 0);
        awaitUsed(2);
        assertThat(guest.in().usedIndex()).isEqualTo(1);
        guest.giveEventBuffer();
        open(next, 1000);
    }

    @Test
    void brokenPacketNeedsAReset() throws Exception {
        start();
        guest.out().describe(0, 0x28_0000, 43, 0, 0);
        guest.out().offer(0);
        guest.driver().kick(1);
        guest.driver().awaitStatus(RUNNING | NEEDS_RESET);
        start();
        guest.write(0, GuestSockets.CID, 1, GuestSockets.RW, 7, 7, 0, 0, 0, 101, new byte[100]);
        guest.out().offer(0);
        guest.driver().kick(1);
        guest.driver().awaitStatus(RUNNING | NEEDS_RESET);
        assertThat(bench.log()).contains("packet : 43 bytes", "data of a packet : 101 bytes");
    }

    @Test
    void bufferWithoutRoomNeedsAReset() throws Exception {
        guest.start(true);
        guest.in().describe(0, 0x20_0000, 44, 2, 0);
        guest.in().offer(0);
        guest.driver().kick(0);
        guest.send(GuestSockets.RW, 7, 7, 0);
        guest.driver().awaitStatus(RUNNING | NEEDS_RESET);
        assertThat(bench.log()).contains("receive buffer : 44 bytes");
    }

    @Test
    void everyByteArrivesBothWays() throws Exception {
        start();
        SocketChannel client = connect(PORT);
        int port = open(client, 20_000);
        int total = 2_000_000;
        byte[] data = new byte[total];
        new Random(7).nextBytes(data);
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                client.write(ByteBuffer.wrap(data));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        ByteArrayOutputStream echoed = new ByteArrayOutputStream();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                ByteBuffer buffer = ByteBuffer.allocate(10_000);
                while (echoed.size() < total && client.read(buffer.clear()) >= 0) {
                    echoed.write(buffer.array(), 0, buffer.position());
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        // An echo that keeps to its credit.
        int received = 0;
        int sent = 0;
        int forwarded = 0;
        List<byte[]> waiting = new ArrayList<>();
        while (sent < total) {
            Packet packet = guest.next();
            forwarded = packet.forwarded();
            if (packet.operation() == GuestSockets.RW) {
                received += packet.data().remaining();
                waiting.add(packet.data().array());
            }
            while (!waiting.isEmpty() && sent - forwarded + waiting.getFirst().length <= Credit.WINDOW_BYTES) {
                byte[] back = waiting.removeFirst();
                sent += back.length;
                guest.send(GuestSockets.RW, port, PORT, 0, 20_000, received, back);
            }
        }
        writer.join();
        reader.join();
        assertThat(echoed.toByteArray()).isEqualTo(data);
        assertThat(bench.log()).isEmpty();
    }

    @Test
    void socketThatNobodyListensOnIsReplacedAndAnyOtherIsNot() throws Exception {
        Path left = folder.resolve("left");
        ServerSocketChannel before = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        before.bind(UnixDomainSocketAddress.of(left));
        assertThatThrownBy(() -> VsockDevice.listen("vsock", 3, left)).isInstanceOf(IOException.class)
                .hasMessageContaining("EADDRINUSE");
        before.close();
        VsockDevice.listen("vsock", 3, left).close();
        assertThat(left).doesNotExist();
        Path file = Files.writeString(folder.resolve("file"), "precious");
        assertThatThrownBy(() -> VsockDevice.listen("vsock", 3, file)).isInstanceOf(IOException.class);
        assertThat(file).hasContent("precious");
        assertThatThrownBy(() -> VsockDevice.listen("vsock", 3, Path.of("/" + "x".repeat(96))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("97 bytes long (expected: at most 96)");
    }

    /** To a guest that goes on elsewhere, nothing comes before it has heard that its streams are gone, and has dealt with it. */
    @Test
    void savedDriverHearsFirstThatItsStreamsAreGone() throws Exception {
        SavedFunction saved;
        byte[] all = new byte[VirtioBench.MEMORY_BYTES];
        start();
        guest.giveEventBuffer();
        open(connect(PORT), 1000);
        function.pause();
        assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
        saved = function.save().build();
        bench.memory().copyOut(0, all);
        try (VirtioBench other = new VirtioBench()) {
            other.memory().copyIn(0, all);
            Path elsewhere = socket.resolveSibling("elsewhere");
            VirtioPciFunction next = other.plug(VsockDevice.listen("vsock", GuestSockets.CID, elsewhere));
            next.load(saved);
            SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
            clients.add(client);
            client.connect(UnixDomainSocketAddress.of(elsewhere));
            say(client, "CONNECT " + PORT + "\n");
            TestQueue events = guest.events().movedTo(other.memory());
            TestQueue in = guest.in().movedTo(other.memory());
            int before = in.usedIndex();
            next.resume();
            assertThat(events.awaitUsed()).isEqualTo(4);
            assertThat(in.usedIndex()).as("packets before the driver has dealt with it").isEqualTo(before);
            events.offer(0);
            other.store(guest.driver().notifyAddress(2), 2, 2);
            in.awaitUsed();
        }
    }
}
