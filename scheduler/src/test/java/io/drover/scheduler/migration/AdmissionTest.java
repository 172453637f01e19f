package io.drover.scheduler.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.cpu.CpuidLeaf;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.host.MigrationAbility;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Hosts;
import io.drover.scheduler.placement.Policy;
import io.drover.scheduler.placement.Request;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdmissionTest {
    private static final HostId SOURCE = new HostId("source");
    private static final HostId DESTINATION = new HostId("destination");
    private static final Request REQUEST = Request.of(new Demand(2, Hosts.GIB));
    private static final Hold RUNS = Hold.of(SOURCE, 7);

    private static final MigrationAbility ABLE = new MigrationAbility(1, 1, false, Set.of(Driver.KVM));

    private final Cluster cluster = new Cluster();

    @BeforeEach
    void twoHosts() {
        cluster.put(able(Hosts.host("source", 8, 8 * Hosts.GIB), ABLE));
        cluster.put(able(Hosts.host("destination", 8, 8 * Hosts.GIB), ABLE));
    }

    private static HostFacts able(HostFacts host, MigrationAbility ability) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(), host.labels(), host.networks(), host.capacity(), host.cpu(), host.resources(),
                Optional.of(ability));
    }

    private static Guest guest(Request request) {
        return new Guest(true, Driver.KVM, false, List.of(), request);
    }

    private List<String> refused(Hold hold, Guest guest) {
        return Admission.refusals(hold, guest, DESTINATION, cluster).stream().map(Refusal::text).toList();
    }

    private List<String> refused(Hold hold, Request request) {
        return refused(hold, guest(request));
    }

    private List<String> reasons(Hold hold, Guest guest) {
        return Admission.refusals(hold, guest, DESTINATION, cluster).stream().map(Refusal::reason).toList();
    }

    @Test
    void aVmThatRunsMayMoveToAHostThatHasRoom() {
        assertThat(refused(RUNS, REQUEST)).isEmpty();
        assertThat(Admission.choose(RUNS, guest(REQUEST), cluster, Policy.PACK))
                .isEqualTo(new Admission.Choice.To(DESTINATION));
    }

    @Test
    void onlyAVmThatRunsMoves() {
        Guest stopped = new Guest(false, Driver.KVM, false, List.of(), REQUEST);
        assertThat(reasons(RUNS, stopped)).containsExactly("VM_NOT_RUNNING");
        assertThat(reasons(Hold.FREE, stopped)).containsExactly("VM_NOT_RUNNING");
        assertThat(Admission.choose(Hold.FREE, stopped, cluster, Policy.PACK))
                .isEqualTo(new Admission.Choice.Refused(List.of(new Refusal.NotRunning())));
    }

    @Test
    void aVmDoesNotMoveToWhereItIs() {
        assertThat(refused(Hold.of(DESTINATION, 7), REQUEST)).containsExactly(
                "the VM runs on host destination already");
    }

    @Test
    void oneMigrationOfAVmAtATime() {
        Move move = new Move("m1", SOURCE, new HostId("third"), 7, MoveOptions.AUTO, 0);
        Hold moving = new Hold(RUNS.owner(), 7, new Migration.Preparing(move, false));
        assertThat(refused(moving, REQUEST)).containsExactly("migration m1 to host third is under way");
        assertThat(reasons(moving, guest(REQUEST))).containsExactly("MIGRATION_UNDER_WAY");
        assertThat(refused(new Hold(RUNS.owner(), 7, new Migration.Failed(move, "")), REQUEST)).isEmpty();
        assertThat(Admission.choose(moving, guest(REQUEST), cluster, Policy.PACK))
                .isInstanceOf(Admission.Choice.Refused.class);
    }

    @Test
    void theDestinationHasToBeKnown() {
        assertThat(Admission.refusals(RUNS, guest(REQUEST), new HostId("nowhere"), cluster).stream()
                .map(Refusal::reason)).containsExactly("NO_SUCH_HOST");
    }

    @Test
    void disksGoOnlyToAHostThatTakesThem() {
        Guest withDisks = guest(REQUEST.withHome(SOURCE));
        assertThat(refused(RUNS, withDisks)).containsExactly(
                "the VM's disks are on host source, and host destination does not take disks along");
        cluster.put(able(Hosts.host("destination", 8, 8 * Hosts.GIB),
                new MigrationAbility(1, 1, true, Set.of(Driver.KVM))));
        assertThat(refused(RUNS, withDisks)).isEmpty();
        assertThat(Admission.choose(RUNS, withDisks, cluster, Policy.PACK))
                .isEqualTo(new Admission.Choice.To(DESTINATION));
    }

    @Test
    void bothHostsHaveToSpeakOneVersionAndToMoveSuchVms() {
        cluster.put(able(Hosts.host("destination", 8, 8 * Hosts.GIB),
                new MigrationAbility(2, 3, true, Set.of(Driver.KVM))));
        assertThat(refused(RUNS, REQUEST)).containsExactly(
                "host destination speaks version 2 to 3 of migrations, the VM's host 1");
        cluster.put(able(Hosts.host("destination", 8, 8 * Hosts.GIB),
                new MigrationAbility(1, 3, true, Set.of(Driver.KVM))));
        assertThat(refused(RUNS, REQUEST)).isEmpty();
        assertThat(refused(RUNS, new Guest(true, Driver.QEMU, false, List.of(), REQUEST))).containsExactly(
                "host source: VMs of the driver qemu do not move",
                "host destination: VMs of the driver qemu do not move");
        cluster.put(Hosts.host("destination", 8, 8 * Hosts.GIB));
        assertThat(reasons(RUNS, guest(REQUEST))).containsExactly("MIGRATION_UNSUPPORTED");
    }

    @Test
    void everyReasonIsTold() {
        cluster.put(Hosts.cordoned(Hosts.capacity(Hosts.host("destination", 8, 8 * Hosts.GIB), 1, 8 * Hosts.GIB)));
        Request request = REQUEST.withConstraints(Constraints.NONE.withNetworks(Set.of("bridge/br0")));
        List<String> told = refused(RUNS,
                new Guest(true, Driver.KVM, true, List.of("vsock", "port agent"), request));
        assertThat(told).hasSize(6);
        assertThat(told.get(0)).contains("change of the VM's devices");
        assertThat(told.get(1)).contains("vsock, port agent");
        assertThat(told.get(2)).contains("takes part in no migrations");
        assertThat(told.get(3)).contains("cordoned");
        assertThat(told.get(4)).contains("bridge/br0");
        assertThat(told.get(5)).contains("lacks 1 vCPU");
    }

    @Test
    void theSchedulerNeverChoosesTheSourceAndSaysWhyThereIsNoOther() {
        cluster.put(Hosts.host("destination", 8, 8 * Hosts.GIB));
        Refusal why = ((Admission.Choice.Refused) Admission.choose(RUNS, guest(REQUEST), cluster, Policy.PACK)).why()
                .getFirst();
        assertThat(why.reason()).isEqualTo("NO_HOST_FITS");
        assertThat(why.text()).contains("2");
    }

    @Test
    void aGuestKeepsTheCpuThatItHasSeen() {
        cluster.put(withCpu("source", 0b11));
        cluster.put(withCpu("destination", 0b01));
        assertThat(refused(RUNS, REQUEST).getFirst()).contains("host destination");
        assertThat(refused(RUNS, REQUEST.withConstraints(Constraints.NONE.withCpu(cpu(0b01))))).isEmpty();
        cluster.put(withCpu("destination", 0b111));
        assertThat(refused(RUNS, REQUEST)).isEmpty();
    }

    private static HostFacts withCpu(String name, int features) {
        return able(new HostFacts(new HostId(name), true, false, Set.of(Driver.KVM, Driver.QEMU), "x86_64", Set.of(),
                Map.of(), Set.of(), new HostCapacity(8, 8 * Hosts.GIB), Optional.of(cpu(features))), ABLE);
    }

    private static Cpu cpu(int features) {
        return new Cpu(List.of(new CpuidLeaf(0, 0, 1, 0, 0, 0), new CpuidLeaf(1, 0, 0, 0, features, 0)));
    }
}
