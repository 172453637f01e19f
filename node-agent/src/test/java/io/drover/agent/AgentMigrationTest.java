package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.MigratingHost;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.Migration;
import io.drover.proto.state.v1.VmRecord;
import io.drover.vmm.testing.DirtyingGuest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guests that move between two real agents, with a real ZooKeeper, on this machine's KVM. The test does what a controller does.
 */
@Timeout(180)
final class AgentMigrationTest {
    private static final String UID = "uid-1";
    private static final String VM = "web-1";
    private static final Migration.Options OPTIONS = Migration.Options.newBuilder().setDowntimeMillis(5_000)
            .setStreams(2).setTimeoutMillis(60_000).setUnconverged(Migration.Unconverged.STOP_AND_COPY).build();

    @TempDir
    Path temp;

    private Cluster cluster;
    private MigratingHost first;
    private MigratingHost second;
    private StartVmRequest vm;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster();
        first = new MigratingHost("h1", cluster.connectString(), temp.resolve("h1"));
        second = new MigratingHost("h2", cluster.connectString(), temp.resolve("h2"));
        HostRecord.Driver kvm = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(kvm.getUsable(), kvm.getMessage());
        byte[] kernel = DirtyingGuest.elf(256);
        String sha256 = first.client().put(kernel);
        second.client().put(kernel);
        vm = StartVmRequest.newBuilder().setVm(VM).setUid(UID).setEpoch(1).setDriver("kvm").setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(sha256).setLeaseNeeded(true)
                .addDisks(StartVmRequest.Disk.newBuilder().setName("root").setSerial("root").setSizeBytes(1 << 20))
                .build();
        cluster.own(VM, UID, "h1", 1);
        first.client().start(vm);
    }

    @AfterEach
    void end() throws Exception {
        first.close();
        second.close();
        cluster.close();
    }

    private StartVmRequest under(long epoch) {
        return vm.toBuilder().setEpoch(epoch).build();
    }

    private static MigrationObservation.Phase phase(VmObservation seen) {
        return seen.getMigration().getPhase();
    }

    /** Moves it, as a controller does, and waits until both hosts have told the end. */
    private void move(MigratingHost from, MigratingHost to, long epoch, String id) throws Exception {
        cluster.migrate(VM, to.name(), id, OPTIONS);
        VmObservation begun = to.receive(under(epoch), id);
        assertThat(begun.getState()).isEqualTo(VmObservation.State.STARTING);
        assertThat(begun.getEpoch()).isEqualTo(epoch);
        assertThat(begun.getMigration().getId()).isEqualTo(id);
        VmObservation there = to.client().awaitVm(UID, seen -> seen.getState() == VmObservation.State.RUNNING
                && phase(seen) == MigrationObservation.Phase.COMPLETED);
        VmObservation here = from.client().awaitVm(UID, seen -> seen.getState() == VmObservation.State.ENDED
                && phase(seen) == MigrationObservation.Phase.COMPLETED);
        assertThat(there.getEpoch()).isEqualTo(epoch + 1);
        assertThat(here.getEpoch()).isEqualTo(epoch);
        assertThat(here.getMigration().getBytes()).isPositive();
        assertThat(here.getMigration().getDowntime().hasLastPages()).isTrue();
        assertThat(there.getMigration().getDowntime().hasCommit()).isTrue();
        VmRecord record = cluster.vm(VM);
        assertThat(record.getOwner().getHost()).isEqualTo(to.name());
        assertThat(record.getOwner().getEpoch()).isEqualTo(epoch + 1);
        assertThat(record.getLastMigration().getPhase()).isEqualTo(Migration.Phase.COMMITTED);
        to.awaitRunning(UID);
        assertThat(from.vmm(UID)).isEmpty();
        assertThat(from.vm(UID).resolve("handoff.pb")).doesNotExist();
        assertThat(to.vm(UID).resolve("handoff.pb")).doesNotExist();
    }

    @Test
    void hostsSayThatTheyMigrate() throws Exception {
        HostRecord.Migrations migrations = cluster.host("h2").orElseThrow().getMigrations();
        assertThat(migrations.getProtocol()).isEqualTo(2);
        assertThat(migrations.getMirrorsDisks()).isTrue();
        assertThat(migrations.getDriversList()).containsExactly("kvm");
    }

    @Test
    void guestMovesThereAndBackWithItsDiskAndItsMemory() throws Exception {
        first.awaitRunning(UID);
        move(first, second, 1, "m1");
        int moved = second.counted(UID).orElseThrow();
        first.client().remove(under(1));
        assertThat(first.vm(UID)).doesNotExist();
        assertThat(second.vm(UID).resolve("disks/root.qcow2")).exists();
        move(second, first, 2, "m2");
        assertThat(first.counted(UID).orElseThrow()).isGreaterThan(moved);
        // A run like any other: it can be stopped, and its agent may die.
        first.killAgent();
        first.start();
        first.client().awaitVm(UID, seen -> seen.getState() == VmObservation.State.RUNNING && seen.getEpoch() == 3);
        first.awaitRunning(UID);
    }

    @Test
    void whatTheRecordDoesNotSayIsNotReceived() throws Exception {
        assertThatThrownBy(() -> second.receive(vm, "m1")).isInstanceOfSatisfying(StatusRuntimeException.class,
                e -> assertThat(reason(e)).isEqualTo("NO_SUCH_MIGRATION"));
        cluster.migrate(VM, "h2", "m1", OPTIONS);
        assertThatThrownBy(() -> second.receive(vm, "m2")).isInstanceOfSatisfying(StatusRuntimeException.class,
                e -> assertThat(reason(e)).isEqualTo("NO_SUCH_MIGRATION"));
        assertThat(Files.exists(second.vm(UID))).isFalse();
    }

    private static String reason(StatusRuntimeException e) {
        try {
            return AgentClient.info(e).getReason();
        } catch (Exception cause) {
            throw new AssertionError(cause);
        }
    }
}
