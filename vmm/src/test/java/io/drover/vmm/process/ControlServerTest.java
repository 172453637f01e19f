package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.proto.vmm.v1.AttachConsoleRequest;
import io.drover.proto.vmm.v1.AttachDiskRequest;
import io.drover.proto.vmm.v1.AttachNicRequest;
import io.drover.proto.vmm.v1.ConsoleOutput;
import io.drover.proto.vmm.v1.Event;
import io.drover.proto.vmm.v1.PauseRequest;
import io.drover.proto.vmm.v1.Reply;
import io.drover.proto.vmm.v1.Request;
import io.drover.proto.vmm.v1.StatusRequest;
import io.drover.proto.vmm.v1.VmmExit;
import io.drover.proto.vmm.v1.WatchRequest;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The control server with a machine that does as it is told, and peers that do not. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ControlServerTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final long EPOCH = 3;

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "test");
    private final FakeControl control = new FakeControl();
    private Path socket;
    private ControlServer server;

    @BeforeEach
    void start() throws IOException {
        socket = folder.resolve("control");
        server = ControlServer.start(socket, control, log);
    }

    @AfterEach
    void end() {
        server.close();
        assertThat(socket).doesNotExist();
    }

    @Test
    void requestsReachTheMachineAndAnswersTheirAskers() throws Exception {
        try (VmmClient client = VmmClient.connect(socket, LONG)) {
            assertThat(client.status().vm()).isEqualTo("fake");
            client.pause();
            client.resume(EPOCH);
            client.powerButton();
            client.consoleInput(new byte[] {'a', 'b'});
            client.stop();
            client.attachDisk(VmmDisk.raw(folder, "").withId("d2").withRate(new VmmDisk.Rate(0, 9)));
            client.attachNic(VmmNic.tap("n2", "52:54:00:00:00:02", "tap0", 1));
            client.detach("d2", true);
            client.resizeDisk("d2", 4096);
            client.limitDisk("d2", new VmmDisk.Rate(5, 6));
            client.renewLease(EPOCH, 17);
            assertThat(control.done).containsExactly("pause", "resume", "power button", "type 2", "stop", "disk d2 9",
                    "nic n2", "detach d2 true", "resize d2 4096", "limit d2 5 6", "lease 3 17");
        }
    }

    @Test
    void refusalsSayWhy() throws Exception {
        control.refuseWith = Optional.of("the machine has ended");
        control.room = false;
        try (VmmClient client = VmmClient.connect(socket, LONG)) {
            assertThatThrownBy(client::pause).isInstanceOfSatisfying(VmmRefusedException.class,
                    refused -> assertThat(refused.reason()).isEqualTo("CONFLICT")).hasMessage("the machine has ended");
            assertThatThrownBy(() -> client.resume(EPOCH - 1)).isInstanceOfSatisfying(VmmRefusedException.class,
                    refused -> assertThat(refused.reason()).isEqualTo("WRONG_EPOCH"));
            assertThatThrownBy(() -> client.consoleInput(new byte[10])).isInstanceOf(VmmRefusedException.class)
                    .hasMessageContaining("10 bytes");
        }
        assertThat(control.done).doesNotContain("resume");
    }

    @Test
    void requestOfAnUnknownKindIsRefusedAndTheConnectionGoesOn() throws Exception {
        try (SocketChannel raw = connectRaw()) {
            Request.newBuilder().setId(9).build().writeDelimitedTo(Channels.newOutputStream(raw));
            InputStream in = Channels.newInputStream(raw);
            assertThat(Reply.parseDelimitedFrom(in).getError().getReason()).isEqualTo("BAD_REQUEST");
            Request.newBuilder().setId(10).setStatus(StatusRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(raw));
            assertThat(Reply.parseDelimitedFrom(in).getStatus().getVm()).isEqualTo("fake");
        }
    }

    @Test
    void deviceThatMakesNoSenseIsRefusedAndTheConnectionGoesOn() throws Exception {
        try (SocketChannel raw = connectRaw()) {
            Request.newBuilder().setId(9).setAttachDisk(AttachDiskRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(raw));
            Request.newBuilder().setId(10).setAttachNic(AttachNicRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(raw));
            InputStream in = Channels.newInputStream(raw);
            assertThat(Reply.parseDelimitedFrom(in).getError().getReason()).isEqualTo("BAD_REQUEST");
            assertThat(Reply.parseDelimitedFrom(in).getError().getReason()).isEqualTo("BAD_REQUEST");
        }
        assertThat(control.done).isEmpty();
    }

    @Test
    void watcherHearsTheStateAsItIsAndThenEachEvent() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (VmmClient client = VmmClient.connect(socket, LONG)) {
            client.watch(new VmmListener() {
                @Override
                public void changed(VmmStatus status) {
                    heard.add(status.state().toString());
                }

                @Override
                public void ended(VmmEnd end) {
                    heard.add(end.message());
                }

                @Override
                public void disconnected(IOException cause) {
                    heard.add("disconnected");
                }
            });
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("RUNNING");
            VmmExit exit = new VmmEnd(VmmEnd.Cause.KILLED, "was killed", EPOCH, Instant.EPOCH).toProto();
            server.publish(Event.newBuilder().setExit(exit).build());
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("was killed");
            server.close();
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("disconnected");
        }
    }

    @Test
    void slowConsoleLosesBytesAndIsToldHowManyWhileOthersAreServed() throws Exception {
        try (SocketChannel slow = connectRaw(); VmmClient other = VmmClient.connect(socket, LONG)) {
            Request.newBuilder().setId(1).setAttachConsole(AttachConsoleRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(slow));
            InputStream in = Channels.newInputStream(slow);
            assertThat(Reply.parseDelimitedFrom(in).hasDone()).isTrue();

            int total = 8 * ConsoleRing.BYTES;
            for (int index = 0; index < total; index++) {
                control.console.append((byte) (index % 251));
            }
            assertThat(other.status().vm()).as("others are served").isEqualTo("fake");

            long position = 0;
            long lost = 0;
            while (position < total) {
                ConsoleOutput output = Reply.parseDelimitedFrom(in).getConsoleOutput();
                lost += output.getLostBytes();
                position += output.getLostBytes();
                for (byte value : output.getData().toByteArray()) {
                    assertThat(value).isEqualTo((byte) (position % 251));
                    position++;
                }
            }
            assertThat(position).isEqualTo(total);
            assertThat(lost).isPositive();
        }
    }

    @Test
    void peerThatSendsWithoutReadingHoldsUpNobody() throws Exception {
        try (SocketChannel deaf = connectRaw(); VmmClient other = VmmClient.connect(socket, LONG)) {
            deaf.configureBlocking(false);
            ByteArrayOutputStream requests = new ByteArrayOutputStream();
            for (int id = 1; id <= 1000; id++) {
                Request.newBuilder().setId(id).setStatus(StatusRequest.getDefaultInstance()).build()
                        .writeDelimitedTo(requests);
            }
            ByteBuffer bytes = ByteBuffer.wrap(requests.toByteArray());
            int refusals = 0;
            for (int round = 0; round < 200; round++) {
                bytes.rewind();
                refusals += deaf.write(bytes) == 0 ? 1 : 0;
                assertThat(other.status().vm()).isEqualTo("fake");
            }
            assertThat(refusals).as("its requests are not read any more").isPositive();
        }
    }

    @Test
    void watcherThatNeverReadsIsCutOff() throws Exception {
        try (SocketChannel deaf = connectRaw()) {
            Request.newBuilder().setId(1).setWatch(WatchRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(deaf));
            // It watches; what comes now it does not read.
            assertThat(Reply.parseDelimitedFrom(Channels.newInputStream(deaf)).getId()).isEqualTo(1);
            String longMessage = "x".repeat(100_000);
            VmmExit exit = new VmmEnd(VmmEnd.Cause.KILLED, longMessage, EPOCH, Instant.EPOCH).toProto();
            try (VmmClient other = VmmClient.connect(socket, LONG)) {
                for (int event = 0; event < 50; event++) {
                    server.publish(Event.newBuilder().setExit(exit).build());
                }
                assertThat(other.status().vm()).isEqualTo("fake");
            }
            assertThat(logged.toString(StandardCharsets.UTF_8)).contains("the peer has not taken");
        }
    }

    /** Whatever a peer sends, it costs that peer its connection at most. */
    @Test
    void garbageEndsOnlyItsOwnConnection() throws Exception {
        try (VmmClient other = VmmClient.connect(socket, LONG)) {
            Random random = new Random(42);
            for (int round = 0; round < 300; round++) {
                byte[] garbage = new byte[1 + random.nextInt(2000)];
                random.nextBytes(garbage);
                try (SocketChannel raw = connectRaw()) {
                    raw.write(ByteBuffer.wrap(garbage));
                    if (round % 2 == 0) {
                        raw.shutdownOutput();
                    }
                } catch (IOException closedByTheServer) {
                    assertThat(closedByTheServer).hasMessageContaining("Broken pipe");
                }
            }
            assertThat(other.status().vm()).isEqualTo("fake");
        }
    }

    @Test
    void tooLongAMessageEndsTheConnectionBeforeItIsRead() throws Exception {
        try (SocketChannel raw = connectRaw()) {
            raw.write(ByteBuffer.wrap(new byte[] {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x7F}));
            assertThat(raw.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void requestWithoutIdEndsTheConnection() throws Exception {
        try (SocketChannel raw = connectRaw()) {
            Request.newBuilder().setPause(PauseRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(raw));
            assertThat(raw.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            assertThat(control.done).isEmpty();
        }
    }

    @Test
    void tooManyConnectionsAreTurnedAway() throws Exception {
        List<SocketChannel> many = new ArrayList<>();
        try {
            for (int count = 0; count < 64; count++) {
                many.add(connectRaw());
            }
            Request.newBuilder().setId(1).setStatus(StatusRequest.getDefaultInstance()).build()
                    .writeDelimitedTo(Channels.newOutputStream(many.getLast()));
            assertThat(Reply.parseDelimitedFrom(Channels.newInputStream(many.getLast())).hasStatus()).isTrue();
            try (SocketChannel oneMore = connectRaw()) {
                assertThat(oneMore.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
        } finally {
            for (SocketChannel channel : many) {
                channel.close();
            }
        }
    }

    @Test
    void secondServerOnTheSamePathIsRefusedAndAStaleSocketReplaced() throws Exception {
        assertThatThrownBy(() -> ControlServer.start(socket, control, log)).isInstanceOf(IOException.class)
                .hasMessageContaining("another process listens on it");
        Path stale = Files.createFile(folder.resolve("stale"));
        ControlServer.start(stale, control, log).close();
    }

    @Test
    void pathThatIsTooLongIsRefusedWithTheLimit() {
        Path tooLong = folder.resolve("x".repeat(110));
        assertThatThrownBy(() -> ControlServer.start(tooLong, control, log)).isInstanceOf(IOException.class)
                .hasMessageContaining("at most 107 bytes");
    }

    private SocketChannel connectRaw() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
    }

    private static final class FakeControl implements VmmControl {
        private final List<String> done = new CopyOnWriteArrayList<>();
        private final ConsoleRing console = new ConsoleRing();
        private volatile Optional<String> refuseWith = Optional.empty();
        private volatile boolean room = true;

        @Override
        public VmmStatus status() {
            return new VmmStatus(VmmStatus.State.RUNNING, "fake", "uid", EPOCH, 1, Optional.empty(), 1, 1 << 20, 0,
                    List.of(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), 0, List.of(),
                    new VmmLease.NotNeeded(), false, OptionalLong.empty());
        }

        @Override
        public List<VmmCpuidEntry> cpuid() {
            return List.of(new VmmCpuidEntry(7, 1, 1, 2, 3, 4, -5));
        }

        @Override
        public void renewLease(long renewedEpoch, long untilBootNanos, Answer answer) {
            answer("lease " + renewedEpoch + " " + untilBootNanos, answer);
        }

        @Override
        public void pause(Answer answer) {
            answer("pause", answer);
        }

        @Override
        public void resume(long epoch, Answer answer) {
            if (epoch == EPOCH) {
                answer("resume", answer);
            } else {
                answer.refused(Refusal.WRONG_EPOCH, "epoch : " + epoch);
            }
        }

        @Override
        public void stop(Answer answer) {
            answer("stop", answer);
        }

        @Override
        public void pressPowerButton() {
            done.add("power button");
        }

        @Override
        public void setMemoryTarget(long guestBytes, Answer answer) {
            answer("memory target " + guestBytes, answer);
        }

        @Override
        public boolean type(byte[] input) {
            done.add("type " + input.length);
            return room;
        }

        @Override
        public void attachDisk(VmmDisk disk, Answer answer) {
            answer("disk " + disk.id() + " " + disk.rate().operationsPerSecond(), answer);
        }

        @Override
        public void attachNic(VmmNic nic, Answer answer) {
            answer("nic " + nic.id(), answer);
        }

        @Override
        public void detach(String id, boolean force, Answer answer) {
            answer("detach " + id + " " + force, answer);
        }

        @Override
        public void resizeDisk(String id, long sizeBytes, Answer answer) {
            answer("resize " + id + " " + sizeBytes, answer);
        }

        @Override
        public void limitDisk(String id, VmmDisk.Rate rate, Answer answer) {
            answer("limit " + id + " " + rate.bytesPerSecond() + " " + rate.operationsPerSecond(), answer);
        }

        @Override
        public void save(Path file, boolean resume, Answer answer) {
            answer("save " + file + " " + resume, answer);
        }

        @Override
        public void cancelSave(Answer answer) {
            answer.refused(Refusal.FAILED, "the VM is not being saved");
        }

        @Override
        public MigrationControl migration() {
            throw new IllegalStateException("nobody asks for it here");
        }

        @Override
        public ConsoleRing console() {
            return console;
        }

        private void answer(String what, Answer answer) {
            if (refuseWith.isPresent()) {
                answer.refused(Refusal.CONFLICT, refuseWith.get());
            } else {
                done.add(what);
                answer.done();
            }
        }
    }
}
