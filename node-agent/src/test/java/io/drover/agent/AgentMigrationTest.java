package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Authority;
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
import io.grpc.TlsChannelCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guests that move between two real agents, by mutual TLS, with a real ZooKeeper, on this machine's KVM. The test does what a
 * controller does.
 */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AgentMigrationTest {
    private static final Migration.Options OPTIONS = Migration.Options.newBuilder().setDowntimeMillis(5_000)
            .setStreams(2).setTimeoutMillis(60_000).setUnconverged(Migration.Unconverged.STOP_AND_COPY)
            .setCompression(Migration.Compression.LZ4).build();

    @TempDir
    static Path temp;

    private Authority authority;
    private Cluster cluster;
    private MigratingHost first;
    private MigratingHost second;
    private String kernel;
    private int vms;
    private String uid;
    private String name;
    private StartVmRequest vm;

    @BeforeAll
    void startHosts() throws Exception {
        authority = new Authority("Drover test CA");
        cluster = new Cluster();
        first = host("h1");
        second = host("h2");
        HostRecord.Driver kvm = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(kvm.getUsable(), kvm.getMessage());
        byte[] elf = DirtyingGuest.elf(256);
        kernel = first.client().put(elf);
        second.client().put(elf);
    }

    private MigratingHost host(String host) throws Exception {
        Path controller = authority.issue(temp.resolve("controller"), "drover://controller/c1");
        return MigratingHost.withTls(host, cluster.connectString(), temp.resolve(host),
                authority.issue(tls(host), "drover://agent/" + host),
                TlsChannelCredentials.newBuilder()
                        .keyManager(controller.resolve("cert.pem").toFile(), controller.resolve("key.pem").toFile())
                        .trustManager(controller.resolve("ca.pem").toFile()).build());
    }

    private static Path tls(String name) {
        return temp.resolve(name + "-tls");
    }

    @AfterAll
    void endHosts() throws Exception {
        first.close();
        second.close();
        cluster.close();
    }

    /** A guest of its own for each test, on the first host. */
    @BeforeEach
    void startVm() throws Exception {
        vms++;
        uid = "uid-" + vms;
        name = "web-" + vms;
        vm = StartVmRequest.newBuilder().setVm(name).setUid(uid).setEpoch(1).setDriver("kvm").setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(kernel).setLeaseNeeded(true)
                .addDisks(StartVmRequest.Disk.newBuilder().setName("root").setSerial("root").setSizeBytes(1 << 20))
                .build();
        cluster.own(name, uid, "h1", 1);
        first.client().start(vm);
        first.awaitRunning(uid);
    }

    @AfterEach
    void endVm() throws Exception {
        cluster.delete(name);
        Cluster.await("nothing of it is left", () -> !first.hasRunning(uid) && !second.hasRunning(uid));
    }

    private StartVmRequest under(long epoch) {
        return vm.toBuilder().setEpoch(epoch).build();
    }

    private static MigrationObservation.Phase phase(VmObservation seen) {
        return seen.getMigration().getPhase();
    }

    /** Moves it, as a controller does, and waits until both hosts have told the end. */
    private void move(MigratingHost from, MigratingHost to, long epoch, String id) throws Exception {
        cluster.migrate(name, to.name(), id, OPTIONS);
        VmObservation begun = to.receive(under(epoch), id);
        assertThat(begun.getState()).isEqualTo(VmObservation.State.STARTING);
        assertThat(begun.getEpoch()).isEqualTo(epoch);
        assertThat(begun.getMigration().getId()).isEqualTo(id);
        VmObservation there = to.client().awaitVm(uid, seen -> seen.getState() == VmObservation.State.RUNNING
                && phase(seen) == MigrationObservation.Phase.COMPLETED);
        VmObservation here = from.client().awaitVm(uid, seen -> seen.getState() == VmObservation.State.ENDED
                && phase(seen) == MigrationObservation.Phase.COMPLETED);
        assertThat(there.getEpoch()).isEqualTo(epoch + 1);
        assertThat(here.getEpoch()).isEqualTo(epoch);
        assertThat(here.getMigration().getBytes()).isPositive();
        assertThat(here.getMigration().getDowntime().hasLastPages()).isTrue();
        assertThat(there.getMigration().getDowntime().hasCommit()).isTrue();
        VmRecord record = cluster.vm(name);
        assertThat(record.getOwner().getHost()).isEqualTo(to.name());
        assertThat(record.getOwner().getEpoch()).isEqualTo(epoch + 1);
        assertThat(record.getLastMigration().getPhase()).isEqualTo(Migration.Phase.COMMITTED);
        to.awaitRunning(uid);
        assertThat(from.vmm(uid)).isEmpty();
        assertThat(from.vm(uid).resolve("handoff.pb")).doesNotExist();
        assertThat(to.vm(uid).resolve("handoff.pb")).doesNotExist();
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
        move(first, second, 1, "m1");
        int moved = second.counted(uid).orElseThrow();
        first.client().remove(under(1));
        assertThat(first.vm(uid)).doesNotExist();
        assertThat(second.vm(uid).resolve("disks/root.qcow2")).exists();
        move(second, first, 2, "m2");
        assertThat(first.counted(uid).orElseThrow()).isGreaterThan(moved);
        // A run like any other: it can be stopped, and its agent may die.
        first.killAgent();
        first.start();
        first.client().awaitVm(uid, seen -> seen.getState() == VmObservation.State.RUNNING && seen.getEpoch() == 3);
        first.awaitRunning(uid);
    }

    @Test
    void whatTheRecordDoesNotSayIsNotReceived() throws Exception {
        assertThatThrownBy(() -> second.receive(vm, "m1")).isInstanceOfSatisfying(StatusRuntimeException.class,
                e -> assertThat(reason(e)).isEqualTo("NO_SUCH_MIGRATION"));
        cluster.migrate(name, "h2", "m1", OPTIONS);
        assertThatThrownBy(() -> second.receive(vm, "m2")).isInstanceOfSatisfying(StatusRuntimeException.class,
                e -> assertThat(reason(e)).isEqualTo("NO_SUCH_MIGRATION"));
        assertThat(Files.exists(second.vm(uid))).isFalse();
    }

    @Test
    void hostWithTheCertificateOfAnotherGetsNoGuest() throws Exception {
        authority.issue(tls("h2"), "drover://agent/h9");
        cluster.migrate(name, "h2", "m1", OPTIONS);
        second.receive(vm, "m1");
        Cluster.await("the migration ends", () -> !cluster.vm(name).hasMigration());
        assertThat(cluster.vm(name).getLastMigration().getPhase()).isEqualTo(Migration.Phase.FAILED);
        assertThat(cluster.vm(name).getOwner().getHost()).isEqualTo("h1");
        VmObservation here = first.client().awaitVm(uid, seen -> phase(seen) == MigrationObservation.Phase.FAILED);
        assertThat(here.getMigration().getMessage()).contains("drover://agent/h9");
        first.awaitRunning(uid);
        // Certificates are read for each migration.
        authority.issue(tls("h2"), "drover://agent/h2");
        second.client().awaitEnd(uid);
        move(first, second, 1, "m2");
    }

    private static String reason(StatusRuntimeException e) {
        try {
            return AgentClient.info(e).getReason();
        } catch (Exception cause) {
            throw new AssertionError(cause);
        }
    }
}
