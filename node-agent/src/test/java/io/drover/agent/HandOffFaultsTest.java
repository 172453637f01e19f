package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.MigratingHost;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.Migration;
import io.drover.proto.state.v1.Migration.Phase;
import io.drover.proto.state.v1.VmRecord;
import io.drover.vmm.testing.DirtyingGuest;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of a guest that moves when a process is really killed or stopped, or ZooKeeper goes away, in each phase: the table
 * of docs/hand-off.md, line by line, with two real agents, a real ZooKeeper, and VMMs on this machine's KVM.
 */
@Timeout(240)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HandOffFaultsTest {
    /** As fast as it goes, and then the guest stands still for as long as the rest takes. */
    private static final Migration.Options TO_THE_END = Migration.Options.newBuilder().setDowntimeMillis(5_000)
            .setStreams(2).setTimeoutMillis(60_000).setUnconverged(Migration.Unconverged.STOP_AND_COPY).build();
    /** Slowly enough to be interrupted, once. */
    private static final Migration.Options SLOWLY = TO_THE_END.toBuilder().setBandwidthBytesPerSecond(1 << 19).build();
    /** So slow that it is COPYING for as long as a test wants. */
    private static final Migration.Options FOR_LONG = TO_THE_END.toBuilder().setDowntimeMillis(1)
            .setBandwidthBytesPerSecond(1 << 18).setUnconverged(Migration.Unconverged.GIVE_UP).build();

    @TempDir
    static Path temp;

    private Cluster cluster;
    private MigratingHost source;
    private MigratingHost destination;
    private String kernel;
    private int vms;
    private String uid;
    private String name;
    private StartVmRequest vm;

    @BeforeAll
    void startHosts() throws Exception {
        cluster = new Cluster();
        source = new MigratingHost("h1", cluster.connectString(), temp.resolve("h1"));
        destination = new MigratingHost("h2", cluster.connectString(), temp.resolve("h2"));
        HostRecord.Driver kvm = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(kvm.getUsable(), kvm.getMessage());
        byte[] elf = DirtyingGuest.elf(256);
        kernel = source.client().put(elf);
        destination.client().put(elf);
    }

    @AfterAll
    void endHosts() throws Exception {
        source.close();
        destination.close();
        cluster.close();
    }

    /** A guest of its own for each test, on the source. */
    @BeforeEach
    void startVm() throws Exception {
        vms++;
        uid = "uid-" + vms;
        name = "vm-" + vms;
        vm = StartVmRequest.newBuilder().setVm(name).setUid(uid).setEpoch(1).setDriver("kvm").setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(kernel).setLeaseNeeded(true).build();
        cluster.own(name, uid, "h1", 1);
        source.client().start(vm);
        source.awaitRunning(uid);
    }

    /** The record goes, and with it whatever is left. */
    @AfterEach
    void endVm() throws Exception {
        source.comeBack();
        destination.comeBack();
        cluster.delete(name);
        Cluster.await("nothing of it runs", () -> source.vmm(uid).isEmpty() && destination.vmm(uid).isEmpty());
    }

    private void begin(Migration.Options options) throws Exception {
        cluster.migrate(name, "h2", "m-" + vms, options);
    }

    private void receive() {
        VmObservation begun = destination.receive(vm, "m-" + vms);
        assertThat(begun.getState()).isEqualTo(VmObservation.State.STARTING);
    }

    /** The source sends, and the destination has taken some. */
    private void beginCopying() throws Exception {
        begin(FOR_LONG);
        receive();
        awaitSomeSent();
        assertThat(record().getMigration().getPhase()).isEqualTo(Phase.COPYING);
    }

    /** Both hosts have begun: what the source has sent may still be on its way. */
    private void awaitSomeSent() {
        destination.client().awaitVm(uid, seen -> seen.getMigration().getPhase() == MigrationObservation.Phase.COPYING);
        source.client().awaitVm(uid, seen -> seen.getMigration().getPhase() == MigrationObservation.Phase.COPYING
                && seen.getMigration().getBytes() > 0);
    }

    /** The source has sent all, and the destination has it, but its agent cannot say so. */
    private void beginSwitchingWithADestinationThatIsStopped() throws Exception {
        begin(SLOWLY);
        receive();
        awaitSomeSent();
        destination.agent().signal("STOP");
        Cluster.await("the record says SWITCHING", () -> record().getMigration().getPhase() == Phase.SWITCHING);
    }

    /** Until then nobody but the source's agent may have known that its machine was to switch. */
    private void awaitAllSent() throws Exception {
        Cluster.await("all was sent", () -> source.client().everything().getVmsList().stream()
                .anyMatch(seen -> seen.getUid().equals(uid) && seen.getMigration().getDowntime().hasLoading()));
    }

    private VmRecord record() throws Exception {
        return cluster.vm(name);
    }

    private void awaitEnd(Phase phase, String owner, long epoch) throws Exception {
        Cluster.await("the migration ends", () -> !record().hasMigration());
        VmRecord ended = record();
        assertThat(ended.getLastMigration().getPhase()).as(ended.getLastMigration().getMessage()).isEqualTo(phase);
        assertThat(ended.getOwner().getHost()).isEqualTo(owner);
        assertThat(ended.getOwner().getEpoch()).isEqualTo(epoch);
    }

    /** It stays, as if nobody had asked for anything, but perhaps under a new epoch; nothing is left at the destination. */
    private void assertStays(long epoch) throws Exception {
        awaitEnd(Phase.FAILED, "h1", epoch);
        source.client().awaitVm(uid, seen -> seen.getState() == VmObservation.State.RUNNING && seen.getEpoch() == epoch
                && seen.getMigration().getPhase() != MigrationObservation.Phase.SWITCHING);
        source.awaitRunning(uid);
        Cluster.await("the destination has nothing of it", () -> destination.vmm(uid).isEmpty());
        Cluster.await("the source's note goes", () -> !source.vm(uid).resolve("handoff.pb").toFile().exists());
    }

    private void assertMoved() throws Exception {
        awaitEnd(Phase.COMMITTED, "h2", 2);
        destination.client()
                .awaitVm(uid, seen -> seen.getState() == VmObservation.State.RUNNING && seen.getEpoch() == 2);
        destination.awaitRunning(uid);
        Cluster.await("the source has nothing of it", () -> source.vmm(uid).isEmpty());
        Cluster.await("the notes go", () -> !source.vm(uid).resolve("handoff.pb").toFile().exists()
                && !destination.vm(uid).resolve("handoff.pb").toFile().exists());
    }

    private static void kill(ProcessIdentity vmm) throws Exception {
        vmm.kill();
        assertThat(vmm.awaitEnd(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void preparingSourceAgentKilledMigrationGoesOnWhenItIsBack() throws Exception {
        begin(TO_THE_END);
        Cluster.await("the source has joined", () -> source.vm(uid).resolve("handoff.pb").toFile().exists());
        source.killAgent();
        receive();
        source.start();
        assertMoved();
    }

    @Test
    void preparingDestinationAgentKilledGuestStaysUnderItsEpoch() throws Exception {
        // As long as the source's agent is stopped nobody connects.
        begin(TO_THE_END);
        Cluster.await("the source has joined", () -> source.vm(uid).resolve("handoff.pb").toFile().exists());
        source.agent().signal("STOP");
        receive();
        Cluster.await("the destination listens", () -> record().getMigration().getPhase() == Phase.COPYING);
        destination.killAgent();
        destination.start();
        source.agent().signal("CONT");
        assertStays(1);
    }

    @Test
    void preparingAndCancelledGuestStaysUnderItsEpoch() throws Exception {
        begin(TO_THE_END);
        cluster.cancelMigration(name);
        assertStays(1);
    }

    @Test
    void copyingSourceAgentKilledStreamGoesOnAndTheNextAgentGoesOn() throws Exception {
        beginCopying();
        source.killAgent();
        source.start();
        source.client().awaitVm(uid, seen -> seen.getMigration().getPhase() == MigrationObservation.Phase.COPYING);
        assertThat(record().getMigration().getPhase()).isEqualTo(Phase.COPYING);
        source.awaitRunning(uid);
        cluster.cancelMigration(name);
        assertStays(1);
    }

    @Test
    void copyingDestinationAgentKilledStreamGoesOnAndTheNextAgentGoesOn() throws Exception {
        beginCopying();
        destination.killAgent();
        destination.start();
        destination.client().awaitVm(uid,
                seen -> seen.getMigration().getPhase() == MigrationObservation.Phase.COPYING);
        assertThat(record().getMigration().getPhase()).isEqualTo(Phase.COPYING);
        source.awaitRunning(uid);
        cluster.cancelMigration(name);
        assertStays(1);
    }

    @Test
    void copyingDestinationVmmKilledGuestStaysUnderItsEpoch() throws Exception {
        beginCopying();
        kill(destination.vmm(uid).orElseThrow());
        assertStays(1);
    }

    @Test
    void copyingSourceVmmKilledRunEndsAndTheDestinationGivesUp() throws Exception {
        beginCopying();
        kill(source.vmm(uid).orElseThrow());
        awaitEnd(Phase.FAILED, "h1", 1);
        source.client().awaitVm(uid, seen -> seen.getState() == VmObservation.State.ENDED && seen.getEpoch() == 1);
        Cluster.await("the destination has nothing of it", () -> destination.vmm(uid).isEmpty());
    }

    @Test
    void copyingZooKeeperAwayGuestRunsWhileItsLeaseLastsAndCopyingGoesOn() throws Exception {
        beginCopying();
        cluster.stop();
        source.awaitRunning(uid);
        cluster.restart();
        source.awaitRunning(uid);
        assertThat(record().getMigration().getPhase()).isEqualTo(Phase.COPYING);
        cluster.cancelMigration(name);
        assertStays(1);
    }

    @Test
    void switchingDestinationAgentStoppedGuestGoesOnAtTheSourceUnderTheNextEpoch() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        awaitEnd(Phase.FAILED, "h1", 2);
        destination.agent().signal("CONT");
        assertStays(2);
    }

    @Test
    void switchingSourceAgentKilledDestinationCommits() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        awaitAllSent();
        source.killAgent();
        destination.agent().signal("CONT");
        awaitEnd(Phase.COMMITTED, "h2", 2);
        source.start();
        assertMoved();
    }

    @Test
    void switchingSourceVmmKilledDestinationCommitsWhatItHas() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        awaitAllSent();
        kill(source.vmm(uid).orElseThrow());
        destination.agent().signal("CONT");
        assertMoved();
    }

    @Test
    void switchingDestinationVmmKilledGuestGoesOnAtTheSource() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        kill(destination.vmm(uid).orElseThrow());
        destination.agent().signal("CONT");
        Cluster.await("the migration ends", () -> !record().hasMigration());
        // The destination has abandoned it, or the source, whose stream broke, took the guest back.
        assertStays(record().getOwner().getEpoch());
        assertThat(record().getOwner().getEpoch()).isBetween(1L, 2L);
    }

    @Test
    void switchingDestinationAgentKilledTheNextAgentCommits() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        destination.killAgent();
        destination.start();
        assertMoved();
    }

    @Test
    void switchingZooKeeperAwayBothWaitAndOneOfThemHasItAfterwards() throws Exception {
        beginSwitchingWithADestinationThatIsStopped();
        cluster.stop();
        destination.agent().signal("CONT");
        int paused = source.counted(uid).orElseThrow();
        cluster.restart();
        Cluster.await("the migration ends", () -> !record().hasMigration());
        if (record().getLastMigration().getPhase() == Phase.COMMITTED) {
            assertMoved();
            assertThat(destination.counted(uid).orElseThrow()).isGreaterThanOrEqualTo(paused);
        } else {
            assertStays(2);
        }
    }

    @Test
    void committedSourceAgentKilledTheNextAgentGivesTheGuestUp() throws Exception {
        begin(TO_THE_END);
        receive();
        Cluster.await("the destination has committed", () -> !record().hasMigration());
        source.killAgent();
        source.start();
        assertMoved();
    }

    @Test
    void committedDestinationAgentKilledTheNextAgentLetsTheGuestRun() throws Exception {
        begin(TO_THE_END);
        receive();
        Cluster.await("the destination has committed", () -> !record().hasMigration());
        destination.killAgent();
        destination.start();
        assertMoved();
    }
}
