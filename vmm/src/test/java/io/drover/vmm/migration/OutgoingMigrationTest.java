package io.drover.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import io.drover.vmm.migration.policy.PolicySettings;
import io.drover.vmm.migration.policy.PolicySettings.WhenStuck;
import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.SentDisk;
import io.drover.vmm.migration.stream.StreamException;
import io.drover.vmm.migration.stream.StreamReceiver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest of a few pages that writes at the test's word, sent to a receiver of the real protocol. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OutgoingMigrationTest {
    private static final long PAGES = 256;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final byte[] STATE = "state".getBytes(StandardCharsets.US_ASCII);

    private final Arena arena = Arena.ofShared();
    private final BlockingQueue<SendState> states = new LinkedBlockingQueue<>();
    private final List<byte[]> received = new ArrayList<>();
    private final FakeMachine machine = new FakeMachine();
    private GuestMemory target;
    private StreamReceiver receiver;
    private OutgoingMigration migration;
    private Thread sending;
    private Thread receiving;

    private final class FakeMachine implements SendingMachine, DirtyLog {
        private final List<String> calls = new ArrayList<>();
        private final GuestMemory memory;
        private final BackingFile backing;
        private volatile boolean logging;
        private volatile boolean pauseFails;
        private volatile int writesEachLook;
        private int looks;

        FakeMachine() {
            try {
                FileHandle file = FileHandle.memory("source", PAGES * 4096);
                MemorySegment ram = file.map(PAGES * 4096, arena);
                memory = GuestMemory.of(ram);
                backing = new BackingFile(file, memory);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        synchronized List<String> calls() {
            return List.copyOf(calls);
        }

        private synchronized void call(String what) {
            calls.add(what);
        }

        @Override
        public GuestMemory memory() {
            return memory;
        }

        @Override
        public List<SentDisk> disks() {
            return List.of();
        }

        @Override
        public DirtyLog dirtyLog() {
            return this;
        }

        @Override
        public void addResident(PageSet into) throws IOException {
            backing.addResident(into);
        }

        @Override
        public void throttle(int percent) {
            call("throttle " + percent);
        }

        @Override
        public void flushDisks() {
            call("flush");
        }

        @Override
        public void pause() throws IOException {
            if (pauseFails) {
                throw new IOException("a disk is busy");
            }
            call("pause");
        }

        @Override
        public byte[] saveState() {
            call("save");
            write(9, 77);
            return STATE;
        }

        @Override
        public void start() {
            logging = true;
        }

        /** The guest writes whenever it is looked at. */
        @Override
        public void collect(PageSet into) {
            assertThat(logging).isTrue();
            looks++;
            for (int i = 0; i < writesEachLook; i++) {
                write(20 + i, looks);
            }
        }

        @Override
        public void stop() {
            logging = false;
        }

        void write(long page, int value) {
            try {
                memory.write32(page * 4096, value);
            } catch (GuestAddressException e) {
                throw new AssertionError(e);
            }
        }
    }

    @BeforeEach
    void prepare() {
        machine.write(0, 1);
        machine.write(100, 2);
    }

    @AfterEach
    void end() throws Exception {
        if (migration != null) {
            migration.cancel("the test is over");
            receiver.cancel("the test is over");
            assertThat(sending.join(TIMEOUT)).isTrue();
            assertThat(receiving.join(TIMEOUT)).isTrue();
            receiver.close();
        }
        machine.backing.close();
        arena.close();
    }

    private void start(SendOptions options) throws Exception {
        List<FileHandle> pair = UnixSocket.pair();
        target = GuestMemory.of(arena.allocate(PAGES * 4096, 4096));
        receiver = new StreamReceiver("test", target, List.of(), List.of(StreamConnection.of(pair.get(1), TIMEOUT)),
                TIMEOUT,
                received::add);
        migration = new OutgoingMigration("test", machine, List.of(StreamConnection.of(pair.get(0), TIMEOUT)), options,
                states::add,
                new Log(new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8), "test"));
        receiving = Thread.ofPlatform().start(() -> {
            try {
                receiver.receive();
            } catch (StreamException e) {
                // The sender is told, and its outcome is what counts.
                return;
            }
        });
        sending = Thread.ofPlatform().start(migration::run);
    }

    private SendState awaitState(Class<? extends SendState> kind) throws InterruptedException {
        while (true) {
            SendState state = states.poll(20, TimeUnit.SECONDS);
            assertThat(state).as("waiting for %s", kind).isNotNull();
            if (kind.isInstance(state)) {
                return state;
            }
            assertThat(state.isEnd()).as("%s instead of %s", state, kind).isFalse();
        }
    }

    @Test
    void guestIsStoppedOnlyWhenThatIsPermittedAndArrivesWithItsLastWrites() throws Exception {
        machine.writesEachLook = 2;
        start(SendOptions.DEFAULT);
        awaitState(SendState.Converged.class);
        assertThat(machine.calls()).isEmpty();
        assertThat(migration.progress().passes()).isPositive();
        assertThat(migration.permitSwitch()).isTrue();
        SendState.Sent sent = (SendState.Sent) awaitState(SendState.Sent.class);
        assertThat(sent.downtime().total()).isPositive();
        assertThat(machine.calls()).as("and never resumed").containsExactly("flush", "pause", "save", "throttle 0");
        assertThat(machine.logging).isFalse();
        assertThat(received).containsExactly(STATE);
        assertThat(machine.memory.regions().getFirst().segment().mismatch(target.regions().getFirst().segment()))
                .as("what saving the state has written, too").isEqualTo(-1);
        assertThat(migration.cancel("too late")).isFalse();
        assertThat(migration.permitSwitch()).isFalse();
    }

    @Test
    void switchIsNotPermittedBeforeTheGuestIsReady() throws Exception {
        start(new SendOptions(PolicySettings.DEFAULT, Optional.of(1000L), false, TIMEOUT, TIMEOUT));
        assertThat(migration.permitSwitch()).isFalse();
    }

    @Test
    void cancelledMigrationLeavesTheGuestAlone() throws Exception {
        start(SendOptions.DEFAULT);
        awaitState(SendState.Converged.class);
        assertThat(migration.cancel("by the operator")).isTrue();
        SendState.Failed failed = (SendState.Failed) awaitState(SendState.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.CANCELLED);
        assertThat(failed.stopped()).isFalse();
        assertThat(machine.calls()).containsExactly("throttle 0");
        assertThat(machine.logging).isFalse();
    }

    @Test
    void receiverThatDiesWhileTheGuestRunsLeavesItAlone() throws Exception {
        start(SendOptions.DEFAULT);
        awaitState(SendState.Converged.class);
        receiver.cancel("killed");
        SendState.Failed failed = (SendState.Failed) awaitState(SendState.Failed.class);
        assertThat(failed.stopped()).isFalse();
        assertThat(failed.why()).contains("killed");
    }

    @Test
    void guestThatCannotBePausedRunsOn() throws Exception {
        machine.pauseFails = true;
        start(SendOptions.DEFAULT);
        awaitState(SendState.Converged.class);
        migration.permitSwitch();
        SendState.Failed failed = (SendState.Failed) awaitState(SendState.Failed.class);
        assertThat(failed.stopped()).isFalse();
        assertThat(failed.why()).contains("a disk is busy");
    }

    @Test
    void permissionThatDoesNotComeEndsIt() throws Exception {
        start(new SendOptions(PolicySettings.DEFAULT, Optional.empty(), false, TIMEOUT, Duration.ofMillis(1)));
        SendState.Failed failed = (SendState.Failed) awaitState(SendState.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.STALLED);
        assertThat(failed.why()).contains("nobody has permitted the switch");
        assertThat(failed.stopped()).isFalse();
    }

    @Test
    void guestThatNeverConvergesIsHeldBackAndThenLeftAlone() throws Exception {
        machine.writesEachLook = 200;
        // 800 KiB in each pass, at 4 MB/s: 200 ms, where 31 are allowed, of which 30 are spoken for.
        start(new SendOptions(new PolicySettings(Duration.ofMillis(31), Duration.ofMillis(31), Duration.ofMinutes(5),
                WhenStuck.GIVE_UP), Optional.of(20L << 20), false, TIMEOUT, TIMEOUT));
        SendState.Failed failed = (SendState.Failed) awaitState(SendState.Failed.class);
        assertThat(failed.kind()).isEqualTo(FailureKind.NOT_CONVERGED);
        assertThat(failed.stopped()).isFalse();
        assertThat(machine.calls()).contains("throttle 20", "throttle 99").endsWith("throttle 0");
    }
}
