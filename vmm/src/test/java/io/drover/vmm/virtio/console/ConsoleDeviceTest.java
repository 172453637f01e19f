package io.drover.vmm.virtio.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConsoleDeviceTest {
    private static final long MULTIPORT = 1L << 1;
    private static final int SIZE = 16;
    private static final int BUFFER_BYTES = 2048;
    private static final long BUFFERS = 0x20_0000;
    private static final int READY = 0;
    private static final int ADD = 1;
    private static final int PORT_READY = 3;
    private static final int CONSOLE = 4;
    private static final int OPEN = 6;
    private static final int NAME = 7;
    private static final int RUNNING = 15;
    private static final int NEEDS_RESET = 0x40;

    @TempDir
    private Path folder;

    private final VirtioBench bench = new VirtioBench();
    private final AtomicReference<String> printed = new AtomicReference<>("");
    private final AtomicInteger rooms = new AtomicInteger();
    private final List<SocketChannel> clients = new ArrayList<>();
    private Terminal terminal;
    private ConsoleDevice device;
    private TestDriver driver;

    @BeforeEach
    void plug() throws Exception {
        terminal = new Terminal(octet -> printed.updateAndGet(before -> before + (char) octet), rooms::incrementAndGet);
        device = ConsoleDevice.listen("console", terminal, true,
                List.of(new ConsoleDevice.NamedPort("agent.0", folder.resolve("agent")),
                        new ConsoleDevice.NamedPort("other", folder.resolve("other"))));
        bench.plug(device);
        driver = new TestDriver(bench, 1).probe();
    }

    @AfterEach
    void close() throws IOException {
        for (SocketChannel client : clients) {
            client.close();
        }
        bench.close();
    }

    /** With every queue, and buffers in those that receive. */
    private void start(long features, int queues) throws GuestAddressException {
        driver.useMsix().negotiate(VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX | features);
        assertThat(driver.status()).isEqualTo(11);
        for (int queue = 0; queue < queues; queue++) {
            driver.addQueue(queue, SIZE, true);
        }
        driver.driverOk();
        for (int queue = 0; queue < queues; queue += 2) {
            for (int head = 0; head < SIZE; head++) {
                give(queue, head);
            }
            driver.kick(queue);
        }
    }

    private void start() throws GuestAddressException {
        start(MULTIPORT, 8);
    }

    private static long buffer(int queue, int head) {
        return BUFFERS + (long) BUFFER_BYTES * (SIZE * queue + head);
    }

    private void give(int queue, int head) throws GuestAddressException {
        driver.queue(queue).describe(head, buffer(queue, head), BUFFER_BYTES, TestQueue.WRITE, 0);
        driver.queue(queue).offer(head);
    }

    /** The next that a port, or the control queue, received. */
    private byte[] next(int queue) throws GuestAddressException {
        long used = driver.queue(queue).awaitUsed();
        byte[] bytes = new byte[(int) used];
        int head = (int) (used >>> 32);
        bench.memory().copyOut(buffer(queue, head), bytes);
        give(queue, head);
        driver.kick(queue);
        return bytes;
    }

    private String nextText(int queue) throws GuestAddressException {
        return new String(next(queue), StandardCharsets.US_ASCII);
    }

    private void offer(int queue, int head, byte[] bytes) throws GuestAddressException {
        bench.memory().copyIn(buffer(queue, head), bytes);
        driver.queue(queue).describe(head, buffer(queue, head), bytes.length, 0, 0);
        driver.queue(queue).offer(head);
        driver.kick(queue);
    }

    private void write(int queue, String text) throws GuestAddressException {
        offer(queue, 0, text.getBytes(StandardCharsets.US_ASCII));
        assertThat(driver.queue(queue).awaitUsed()).isZero();
    }

    private void say(int port, int event, int value) throws GuestAddressException {
        byte[] message = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(port)
                .putShort((short) event).putShort((short) value).array();
        offer(3, 0, message);
        assertThat(driver.queue(3).awaitUsed()).isZero();
    }

    /** The next control message: "port event value name". */
    private String heard() throws GuestAddressException {
        ByteBuffer message = ByteBuffer.wrap(next(2)).order(ByteOrder.LITTLE_ENDIAN);
        return message.getInt() + " " + message.getShort() + " " + message.getShort() + " "
                + StandardCharsets.US_ASCII.decode(message);
    }

    /** A driver that has got to know every port. */
    private void greet() throws GuestAddressException {
        start();
        say(-1, READY, 1);
        for (int port = 0; port < 3; port++) {
            assertThat(heard()).isEqualTo(port + " " + ADD + " 1 ");
        }
        say(0, PORT_READY, 1);
        assertThat(heard()).isEqualTo("0 " + CONSOLE + " 1 ");
        assertThat(heard()).isEqualTo("0 " + OPEN + " 1 ");
        say(1, PORT_READY, 1);
        assertThat(heard()).isEqualTo("1 " + NAME + " 1 agent.0");
        say(2, PORT_READY, 1);
        assertThat(heard()).isEqualTo("2 " + NAME + " 1 other");
    }

    private SocketChannel connect(String name) throws IOException {
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
        clients.add(client);
        client.connect(UnixDomainSocketAddress.of(folder.resolve(name)));
        return client;
    }

    private static void send(SocketChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String read(SocketChannel client, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && client.read(buffer) >= 0) {
            // There is more.
        }
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    void configurationTellsOfThePorts() {
        assertThat(driver.config(0, 4)).isEqualTo(0x1043_1AF4L);
        assertThat(driver.deviceConfig(4, 4)).isEqualTo(3);
        assertThat(driver.deviceConfig(0, 4)).isZero();
    }

    @Test
    void emergencyWriteIsPrinted() {
        driver.reset();
        driver.setStatus(3);
        driver.setDeviceConfig(8, 4, '!');
        assertThat(printed.get()).isEqualTo("");
        driver.setStatus(1);
        driver.setStatus(3);
        driver.setDeviceConfig(8, 4, '!');
        assertThat(printed.get()).isEqualTo("!");
    }

    @Test
    void consolePrintsAndTakesWhatIsTyped() throws Exception {
        greet();
        write(1, "login: ");
        await(() -> printed.get().length() == 7);
        assertThat(printed.get()).isEqualTo("login: ");
        byte[] typed = "root\n".getBytes(StandardCharsets.US_ASCII);
        assertThat(terminal.offer(typed, 0, typed.length)).isEqualTo(5);
        assertThat(nextText(0)).isEqualTo("root\n");
    }

    @Test
    void driverOfOnePortHasAConsole() throws Exception {
        start(0, 2);
        write(1, "hello");
        assertThat(printed.get()).isEqualTo("hello");
        terminal.offer(new byte[] {'x'}, 0, 1);
        assertThat(nextText(0)).isEqualTo("x");
    }

    @Test
    void whatIsTypedWaitsForTheGuestAndIsBounded() throws Exception {
        byte[] much = new byte[3000];
        int taken = terminal.offer(much, 0, much.length);
        assertThat(taken).isBetween(1, much.length - 1);
        assertThat(terminal.offer(much, 0, much.length)).isZero();
        assertThat(rooms).hasValue(0);
        greet();
        int got = 0;
        while (got < taken) {
            got += next(0).length;
        }
        assertThat(got).isEqualTo(taken);
        await(() -> rooms.get() == 1);
    }

    @Test
    void clientOfAPortTalksToTheGuest() throws Exception {
        greet();
        SocketChannel client = connect("agent");
        assertThat(heard()).isEqualTo("1 " + OPEN + " 1 ");
        send(client, "ping");
        // Nobody in the guest has it open yet.
        say(1, OPEN, 1);
        assertThat(nextText(4)).isEqualTo("ping");
        write(5, "pong");
        assertThat(read(client, 4)).isEqualTo("pong");
        client.shutdownOutput();
        write(5, "more");
        assertThat(read(client, 4)).isEqualTo("more");
        client.close();
        assertThat(heard()).isEqualTo("1 " + OPEN + " 0 ");
        // Without a client it is lost, and the guest goes on.
        write(5, "lost");
        assertThat(device.counts()).containsExactly(new PortCounts("", true, false, 0, 0),
                new PortCounts("agent.0", false, true, 4, 12), new PortCounts("other", false, false, 0, 0));
    }

    @Test
    void clientsComeOneAfterTheOther() throws Exception {
        greet();
        say(2, OPEN, 1);
        SocketChannel first = connect("other");
        SocketChannel second = connect("other");
        assertThat(heard()).isEqualTo("2 " + OPEN + " 1 ");
        send(second, "second");
        send(first, "first");
        assertThat(nextText(6)).isEqualTo("first");
        first.close();
        assertThat(heard()).isEqualTo("2 " + OPEN + " 0 ");
        assertThat(heard()).isEqualTo("2 " + OPEN + " 1 ");
        assertThat(nextText(6)).isEqualTo("second");
    }

    @Test
    void clientThatDoesNotReadHoldsThePortUpAndGetsEverything() throws Exception {
        greet();
        SocketChannel client = connect("agent");
        assertThat(heard()).isEqualTo("1 " + OPEN + " 1 ");
        byte[] block = new byte[BUFFER_BYTES];
        new Random(3).nextBytes(block);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        // Until the device takes no more: the rest stays the guest's.
        int before = -1;
        while (driver.queue(5).usedIndex() != before) {
            before = driver.queue(5).usedIndex();
            for (int head = 0; head < SIZE; head++) {
                offer(5, head, block);
                sent.write(block);
            }
            long until = System.nanoTime() + 300_000_000;
            while (driver.queue(5).usedIndex() != ((before + SIZE) & 0xFFFF) && System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            if (driver.queue(5).usedIndex() != ((before + SIZE) & 0xFFFF)) {
                break;
            }
        }
        // The console is not held up.
        write(1, "still here");
        assertThat(printed.get()).isEqualTo("still here");
        ByteBuffer got = ByteBuffer.allocate(sent.size());
        while (got.hasRemaining() && client.read(got) >= 0) {
            // There is more.
        }
        assertThat(got.array()).isEqualTo(sent.toByteArray());
    }

    @Test
    void clientWaitsForTheGuestToKnowThePort() throws Exception {
        SocketChannel client = connect("agent");
        send(client, "early");
        greetSecond();
        assertThat(heard()).isEqualTo("1 " + OPEN + " 1 ");
        say(1, OPEN, 1);
        assertThat(nextText(4)).isEqualTo("early");
    }

    private void greetSecond() throws GuestAddressException {
        start();
        say(1, PORT_READY, 1);
        assertThat(heard()).isEqualTo("1 " + NAME + " 1 agent.0");
    }

    @Test
    void driversResetDisconnectsAndTheNextDriverBeginsAnew() throws Exception {
        greet();
        SocketChannel client = connect("agent");
        assertThat(heard()).isEqualTo("1 " + OPEN + " 1 ");
        driver.reset();
        assertThat(read(client, 1)).isEmpty();
        assertThat(device.counts().getLast().connected()).isFalse();
        greet();
        connect("agent");
        assertThat(heard()).isEqualTo("1 " + OPEN + " 1 ");
    }

    @Test
    void controlMessagesThatMakeNoSenseAreNothing() throws Exception {
        start();
        for (int port : new int[] {-1, 0, 1, 3, 0x7FFF_FFFF, 0x8000_0000}) {
            for (int event : new int[] {1, 2, 4, 5, 7, 8, 0xFFFF}) {
                say(port, event, 1);
                say(port, event, 0xFFFF);
            }
        }
        say(99, PORT_READY, 1);
        say(-5, OPEN, 1);
        say(0, READY, 7);
        say(1, PORT_READY, 1);
        assertThat(heard()).as("the only answer").isEqualTo("1 " + NAME + " 1 agent.0");
        assertThat(bench.log()).isEmpty();
    }

    @Test
    void guestThatAsksAndDoesNotListenCostsNothing() throws Exception {
        driver.useMsix().negotiate(VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX | MULTIPORT);
        for (int queue = 0; queue < 8; queue++) {
            driver.addQueue(queue, SIZE, true);
        }
        driver.driverOk();
        for (int i = 0; i < 100; i++) {
            say(0, READY, 1);
        }
        for (int head = 0; head < SIZE; head++) {
            give(2, head);
        }
        driver.kick(2);
        for (int port = 0; port < 3; port++) {
            assertThat(heard()).isEqualTo(port + " " + ADD + " 1 ");
        }
        say(2, PORT_READY, 1);
        assertThat(heard()).isEqualTo("2 " + NAME + " 1 other");
    }

    @Test
    void brokenMessagesNeedAReset() throws Exception {
        start();
        offer(3, 0, new byte[7]);
        driver.awaitStatus(RUNNING | NEEDS_RESET);
        start(MULTIPORT, 8);
        assertThat(bench.log()).contains("control message : 7 bytes");
    }

    @Test
    void nameOfAPortIsOneThatAFileMayHave() {
        for (String name : List.of("", ".hidden", "a/b", "a b", "x".repeat(64), "ä")) {
            assertThatThrownBy(() -> new ConsoleDevice.NamedPort(name, folder)).as(name)
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("console port : '" + name);
        }
    }
}
