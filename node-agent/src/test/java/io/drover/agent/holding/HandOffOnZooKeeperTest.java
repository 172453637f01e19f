package io.drover.agent.holding;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.handoff.Alarm;
import io.drover.agent.handoff.DestinationHandOff;
import io.drover.agent.handoff.GuestMachine;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.HandOffAction;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.handoff.HandOffRun;
import io.drover.agent.handoff.Sight;
import io.drover.agent.handoff.SourceHandOff;
import io.drover.agent.testing.Cluster;
import io.drover.proto.state.v1.VmRecord;
import io.drover.proto.state.v1.VmSpec;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both sides of a hand-off on a real ZooKeeper, with machines that only say what machines say. */
final class HandOffOnZooKeeperTest {
    private static final String PATH = "/vm-1";
    private static final HostId SOURCE = new HostId("source");
    private static final HostId DESTINATION = new HostId("destination");
    private static final Move MOVE = new Move("m1", SOURCE, DESTINATION, 7,
            new MoveOptions(300, 1 << 20, 4, MoveOptions.Unconverged.GIVE_UP, 60_000,
                    MoveOptions.Compression.LZ4),
            1_790_000_000_123L);
    private static final VmRecord RECORD = VmRecord.newBuilder().setFormat(3).setVm("vm-1").setUid("u1").setLastEpoch(7)
            .setSpec(VmSpec.newBuilder().setVcpus(2).addNics(VmSpec.Nic.newBuilder().setName("nic0")))
            .setPhaseMessage("kept")
            .setOwner(VmRecord.Owner.newBuilder().setHost("source").setEpoch(7)).build();

    @TempDir
    Path folder;
    private Cluster cluster;
    private CuratorFramework client;
    private final ExecutorService queue = Executors.newSingleThreadExecutor();

    @BeforeEach
    void startZooKeeper() throws Exception {
        cluster = new Cluster();
        client = CuratorFrameworkFactory.builder().connectString(cluster.connectString())
                .retryPolicy(new RetryOneTime(1)).sessionTimeoutMs(5_000).connectionTimeoutMs(2_000).build();
        client.start();
        client.create().forPath(PATH, RECORD.toByteArray());
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        cluster.close();
        queue.shutdownNow();
    }

    private ZooKeeperRecord vm() {
        return new ZooKeeperRecord(client, PATH, "u1");
    }

    private VmRecord stored() throws Exception {
        return VmRecord.parseFrom(client.getData().forPath(PATH));
    }

    private static HandOffEvent answer(Consumer<Consumer<HandOffEvent>> call) throws Exception {
        CompletableFuture<HandOffEvent> answer = new CompletableFuture<>();
        call.accept(answer::complete);
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static Sight seen(HandOffEvent event) {
        assertThat(event).isInstanceOf(HandOffEvent.Seen.class);
        return ((HandOffEvent.Seen) event).sight();
    }

    private static HandOffAction.Write write(Sight sight, HoldEvent event) {
        return new HandOffAction.Write(((Change.To) sight.hold().orElseThrow().after(event)).next(), sight.version());
    }

    @Test
    void aMigrationIsInTheRecordWhileItIsUnderWayAndAfter() throws Exception {
        ZooKeeperRecord vm = vm();
        Sight first = seen(answer(vm::read));
        assertThat(first.hold()).contains(Hold.of(SOURCE, 7));

        HandOffAction.Write begin = write(first, new HoldEvent.Begin(MOVE));
        Sight begun = seen(answer(answer -> vm.write(begin, answer)));
        assertThat(begun).isEqualTo(seen(answer(vm::read)));
        assertThat(begun.hold().get().migration()).isEqualTo(new Migration.Preparing(MOVE, false));
        assertThat(stored().getFormat()).isEqualTo(10);
        assertThat(stored().getSpec()).isEqualTo(RECORD.getSpec());

        HandOffAction.Write abort = write(begun, new HoldEvent.Abort("m1", "w".repeat(500)));
        assertThat(seen(answer(answer -> vm.write(abort, answer))).hold()).contains(abort.next());
        assertThat(stored().getFormat()).isEqualTo(3);
        assertThat(stored().getPhaseMessage()).isEqualTo("kept");
        assertThat(stored().hasMigration()).isFalse();
        assertThat(stored().getLastMigration().getMessage()).hasSize(120);
    }

    @Test
    void ofTwoThatWriteOnTheSameVersionOneLoses() throws Exception {
        ZooKeeperRecord one = vm();
        ZooKeeperRecord other = vm();
        Sight seenByOne = seen(answer(one::read));
        Sight seenByOther = seen(answer(other::read));
        seen(answer(answer -> one.write(write(seenByOne, new HoldEvent.Begin(MOVE)), answer)));
        assertThat(answer(answer -> other.write(write(seenByOther, new HoldEvent.EndRun(7)), answer)))
                .isEqualTo(new HandOffEvent.WriteLost());
    }

    @Test
    void anAnswerThatDoesNotComeIsNotAnAnswer() throws Exception {
        ZooKeeperRecord vm = vm();
        Sight first = seen(answer(vm::read));
        cluster.stop();
        assertThat(answer(answer -> vm.write(write(first, new HoldEvent.Begin(MOVE)), answer)))
                .isEqualTo(new HandOffEvent.WriteUnanswered());
        assertThat(answer(vm::read)).isEqualTo(new HandOffEvent.Unreadable());
    }

    @Test
    void aRecordThatIsNotUnderstoodDecidesNothing() throws Exception {
        for (VmRecord strange : new VmRecord[] {RECORD.toBuilder().setFormat(99).build(),
                RECORD.toBuilder().setLastEpoch(6).build(),
                RECORD.toBuilder().setMigration(io.drover.proto.state.v1.Migration.newBuilder().setId("m")).build(),
                RECORD.toBuilder().setMigration(HoldCodec.encode(MOVE)
                        .setPhase(io.drover.proto.state.v1.Migration.Phase.FAILED)).build()}) {
            client.setData().forPath(PATH, strange.toByteArray());
            assertThat(answer(vm()::read)).isEqualTo(new HandOffEvent.Unreadable());
        }
        client.setData().forPath(PATH, RECORD.toBuilder().setUid("u2").build().toByteArray());
        assertThat(seen(answer(vm()::read)).hold()).isEmpty();
        client.delete().forPath(PATH);
        assertThat(seen(answer(vm()::read)).hold()).isEmpty();
    }

    @Test
    void aNoteIsThereUntilItIsForgotten() throws Exception {
        NoteFile file = new NoteFile(folder.resolve("handoff.pb"));
        assertThat(file.read()).isEmpty();
        for (HandOffNote.Role role : HandOffNote.Role.values()) {
            HandOffNote note = new HandOffNote(role, MOVE, role == HandOffNote.Role.SOURCE);
            file.keep(note);
            assertThat(new NoteFile(folder.resolve("handoff.pb")).read()).contains(note);
        }
        file.forget();
        file.forget();
        assertThat(file.read()).isEmpty();
    }

    @Test
    void theGuestIsPausedAtTheSourceThenRecordedThenRunAtTheDestination() throws Exception {
        ZooKeeperRecord vm = vm();
        Sight first = seen(answer(vm::read));
        seen(answer(answer -> vm.write(write(first, new HoldEvent.Begin(MOVE)), answer)));
        Side source = new Side("source", SourceHandOff.begin(MOVE));
        Side destination = new Side("destination", DestinationHandOff.begin(MOVE));

        source.expect("send");
        assertThat(stored().getMigration().getPhase()).isEqualTo(io.drover.proto.state.v1.Migration.Phase.COPYING);
        source.run.accept(new HandOffEvent.Converged());
        source.expect("finish");
        assertThat(stored().getMigration().getPhase()).isEqualTo(io.drover.proto.state.v1.Migration.Phase.SWITCHING);
        destination.run.accept(new HandOffEvent.RecordMayHaveChanged());
        destination.run.accept(new HandOffEvent.Complete());
        destination.expect("resume 8");
        assertThat(stored().getOwner())
                .isEqualTo(VmRecord.Owner.newBuilder().setHost("destination").setEpoch(8).build());
        assertThat(destination.over.get(30, TimeUnit.SECONDS)).isEqualTo(new DestinationHandOff.Arrived(MOVE, 8));
        source.run.accept(new HandOffEvent.RecordMayHaveChanged());
        source.expect("destroy");
        assertThat(source.over.get(30, TimeUnit.SECONDS)).isInstanceOf(SourceHandOff.Gone.class);
        assertThat(source.note.read()).isEmpty();
        assertThat(destination.note.read()).isEmpty();
    }

    @Test
    void aSourceWhoseStreamBreaksTakesTheGuestBackUnderANewEpoch() throws Exception {
        ZooKeeperRecord vm = vm();
        Sight first = seen(answer(vm::read));
        seen(answer(answer -> vm.write(write(first, new HoldEvent.Begin(MOVE)), answer)));
        Side source = new Side("source", SourceHandOff.begin(MOVE));
        Side destination = new Side("destination", DestinationHandOff.begin(MOVE));
        source.expect("send");
        source.run.accept(new HandOffEvent.Converged());
        source.expect("finish");
        source.run.accept(new HandOffEvent.StreamBroken("cut"));
        source.expect("resume 8");
        assertThat(stored().getOwner()).isEqualTo(VmRecord.Owner.newBuilder().setHost("source").setEpoch(8).build());
        destination.run.accept(new HandOffEvent.Complete());
        destination.expect("destroy");
        assertThat(destination.over.get(30, TimeUnit.SECONDS)).isInstanceOf(DestinationHandOff.Gone.class);
    }

    /** One side with its own note and a machine that writes down what it is told. */
    private final class Side implements GuestMachine {
        private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
        private final CompletableFuture<HandOff> over = new CompletableFuture<>();
        private final NoteFile note;
        private final HandOffRun run;

        private Side(String name, HandOff.Step first) {
            note = new NoteFile(folder.resolve(name + ".pb"));
            BiConsumer<Side, Alarm> retries = (side, alarm) -> {
                if (alarm == Alarm.RETRY) {
                    side.run.accept(new HandOffEvent.Woken(alarm));
                }
            };
            run = HandOffRun.start(name, first, new HandOffRun.Surroundings(queue, vm(), this, note,
                    alarm -> retries.accept(this, alarm), over::complete));
        }

        /** What is told next, whatever else happens meanwhile; a record that changed is noticed by watches elsewhere. */
        private void expect(String what) throws Exception {
            Optional<String> next = Optional.empty();
            for (int tries = 0; tries < 300 && next.isEmpty(); tries++) {
                next = Optional.ofNullable(told.poll(100, TimeUnit.MILLISECONDS));
                if (next.isEmpty()) {
                    run.accept(new HandOffEvent.RecordMayHaveChanged());
                }
            }
            assertThat(next).contains(what);
        }

        @Override
        public void receive(Move move) {
            run.accept(new HandOffEvent.Listening("destination:4000"));
        }

        @Override
        public void send(Move move, String address) {
            told.add("send");
        }

        @Override
        public void finish() {
            told.add("finish");
        }

        @Override
        public void resume(long epoch) {
            told.add("resume " + epoch);
        }

        @Override
        public void destroy(String why) {
            told.add("destroy");
        }
    }
}
