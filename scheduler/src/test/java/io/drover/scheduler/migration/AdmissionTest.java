package io.drover.scheduler.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.cpu.CpuidLeaf;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Hosts;
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

    private final Cluster cluster = new Cluster();

    @BeforeEach
    void twoHosts() {
        cluster.put(Hosts.host("source", 8, 8 * Hosts.GIB));
        cluster.put(Hosts.host("destination", 8, 8 * Hosts.GIB));
    }

    private Optional<String> refused(Hold hold, Request request) {
        return Admission.refusal(hold, true, DESTINATION, request, cluster).map(Refusal::text);
    }

    @Test
    void aVmThatRunsMayMoveToAHostThatHasRoom() {
        assertThat(refused(RUNS, REQUEST)).isEmpty();
    }

    @Test
    void onlyAVmThatRunsMoves() {
        String text = "the VM does not run: start it on another host instead";
        assertThat(refused(Hold.FREE, REQUEST)).contains(text);
        assertThat(Admission.refusal(RUNS, false, DESTINATION, REQUEST, cluster).map(Refusal::text)).contains(text);
    }

    @Test
    void aVmDoesNotMoveToWhereItIs() {
        assertThat(refused(Hold.of(DESTINATION, 7), REQUEST)).contains("the VM runs on host destination already");
    }

    @Test
    void oneMigrationOfAVmAtATime() {
        Move move = new Move("m1", SOURCE, new HostId("third"), 7, MoveOptions.AUTO, 0);
        Hold moving = new Hold(RUNS.owner(), 7, new Migration.Preparing(move, false));
        assertThat(refused(moving, REQUEST)).contains("migration m1 to host third is under way");
        assertThat(refused(new Hold(RUNS.owner(), 7, new Migration.Failed(move, "")), REQUEST)).isEmpty();
    }

    @Test
    void theDestinationHasToBeKnown() {
        assertThat(Admission.refusal(RUNS, true, new HostId("nowhere"), REQUEST, cluster).map(Refusal::text))
                .contains("there is no host nowhere");
    }

    @Test
    void aVmWhoseDisksAreOnOneHostStays() {
        assertThat(refused(RUNS, REQUEST.withHome(SOURCE)))
                .contains("the VM's disks are on host source, and disks do not move with their VM yet");
    }

    @Test
    void theDestinationSaysWhatItLacks() {
        HostFacts fit = Hosts.host("destination", 8, 8 * Hosts.GIB);
        cluster.put(Hosts.ready(fit, false));
        assertThat(refused(RUNS, REQUEST)).contains("host destination is not ready");
        cluster.put(Hosts.cordoned(fit));
        assertThat(refused(RUNS, REQUEST)).contains("host destination is cordoned");
        cluster.put(Hosts.capacity(fit, 1, 8 * Hosts.GIB));
        assertThat(refused(RUNS, REQUEST).orElseThrow()).contains("destination").contains("lacks 1 vCPU");
        cluster.put(fit);
        assertThat(refused(RUNS, REQUEST.withConstraints(Constraints.NONE.withNetworks(Set.of("bridge/br0"))))
                .orElseThrow()).contains("destination").contains("bridge/br0");
        assertThat(refused(RUNS, REQUEST.withRefused(Map.of(DESTINATION, "the disk is full"))).orElseThrow())
                .contains("the disk is full");
    }

    @Test
    void aGuestKeepsTheCpuThatItHasSeen() {
        cluster.put(withCpu("source", 0b11));
        cluster.put(withCpu("destination", 0b01));
        assertThat(refused(RUNS, REQUEST).orElseThrow()).contains("host destination");
        assertThat(refused(RUNS, REQUEST.withConstraints(Constraints.NONE.withCpu(cpu(0b01))))).isEmpty();
        assertThat(refused(RUNS, REQUEST.withConstraints(Constraints.NONE.withDriver(Driver.QEMU)))).isEmpty();
    }

    private static HostFacts withCpu(String name, int features) {
        return new HostFacts(new HostId(name), true, false, Set.of(Driver.KVM, Driver.QEMU), "x86_64", Set.of(),
                Map.of(), Set.of(), new HostCapacity(8, 8 * Hosts.GIB), Optional.of(cpu(features)));
    }

    private static Cpu cpu(int features) {
        return new Cpu(List.of(new CpuidLeaf(0, 0, 1, 0, 0, 0), new CpuidLeaf(1, 0, 0, 0, features, 0)));
    }
}
