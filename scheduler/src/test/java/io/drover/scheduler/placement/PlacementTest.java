package io.drover.scheduler.placement;

import static io.drover.scheduler.placement.Hosts.GIB;
import static io.drover.scheduler.placement.Hosts.MIB;
import static io.drover.scheduler.placement.Hosts.host;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.PageSize;
import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.cpu.CpuidLeaf;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Placement.Placed;
import io.drover.scheduler.placement.Placement.Unplaced;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PlacementTest {
    private static final HostId H1 = new HostId("h1");
    private static final HostId H2 = new HostId("h2");
    private static final HostId H3 = new HostId("h3");
    private static final Request SMALL = Request.of(new Demand(1, GIB));

    private final Cluster cluster = new Cluster();

    private void add(HostFacts... hosts) {
        List.of(hosts).forEach(cluster::put);
    }

    private void fill(String vm, HostId host, int vcpus, long memoryBytes) {
        assertThat(cluster.reserve(new VmUid(vm), host, new Demand(vcpus, memoryBytes)))
                .isInstanceOf(Reservation.Held.class);
    }

    private Placed placed(Request request, Policy policy) {
        return assertThat(cluster.place(request, policy)).asInstanceOf(type(Placed.class)).actual();
    }

    private Unplaced unplaced(Request request) {
        return assertThat(cluster.place(request, Policy.PACK)).asInstanceOf(type(Unplaced.class)).actual();
    }

    private Rejection nearestMiss(Request request) {
        return unplaced(request).nearestMiss().orElseThrow();
    }

    @Test
    void equalHostsAreTakenInTheOrderOfTheirNames() {
        add(host("h3", 8, 8 * GIB), host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB));

        assertThat(placed(SMALL, Policy.PACK).host()).isEqualTo(H1);
        assertThat(placed(SMALL, Policy.SPREAD).host()).isEqualTo(H1);
    }

    @Test
    void packTakesTheFullestHostThatHasRoom() {
        add(host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB), host("h3", 8, 8 * GIB));
        fill("a", H2, 4, 4 * GIB);
        fill("b", H3, 8, 8 * GIB);

        Placed placed = placed(SMALL, Policy.PACK);

        assertThat(placed.host()).isEqualTo(H2);
        assertThat(placed.score().fill()).isEqualTo(5 / 8.0);
        assertThat(placed.counts().rejected()).containsExactlyEntriesOf(Map.of(Filter.VCPUS, 1));
        assertThat(placed.counts().feasible()).isEqualTo(2);
    }

    @Test
    void spreadTakesTheHostWhoseScarcestDimensionHasMostLeft() {
        add(host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB));
        fill("much-memory", H1, 1, 6 * GIB);
        fill("even", H2, 4, 4 * GIB);

        assertThat(placed(SMALL, Policy.SPREAD).host()).isEqualTo(H2);
    }

    @Test
    void aHostThatHoldsTheWholeImageIsPreferred() {
        add(host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB), host("h3", 8, 8 * GIB));
        cluster.setFiles(H2, Set.of("kernel"));
        cluster.setFiles(H3, Set.of("kernel", "initramfs"));

        Placed placed = placed(SMALL.withImageFiles(Set.of("kernel", "initramfs")), Policy.SPREAD);

        assertThat(placed.host()).isEqualTo(H3);
        assertThat(placed.score().image()).isEqualTo(Score.IMAGE_THERE);
        assertThat(placed.score().fill()).isEqualTo(7 / 8.0);
    }

    @Test
    void filesOfARemovedHostAreForgotten() {
        add(host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB));
        cluster.setFiles(H2, Set.of("kernel"));
        cluster.remove(H2);
        add(host("h2", 8, 8 * GIB));

        assertThat(placed(SMALL.withImageFiles(Set.of("kernel")), Policy.PACK).host()).isEqualTo(H1);
    }

    @Test
    void kvmGoesBeforeQemuWhateverElseSpeaksForQemu() {
        add(Hosts.drivers(host("h1", 8, 8 * GIB), Set.of(Driver.QEMU)), host("h2", 8, 8 * GIB));
        fill("a", H1, 6, 6 * GIB);
        cluster.setFiles(H1, Set.of("kernel"));

        Placed placed = placed(SMALL.withImageFiles(Set.of("kernel")), Policy.PACK);

        assertThat(placed.host()).isEqualTo(H2);
        assertThat(placed.driver()).isEqualTo(Driver.KVM);
        assertThat(placed.counts().feasible()).isEqualTo(2);
    }

    @Test
    void qemuIsTakenWhereNoHostWithKvmHasRoom() {
        add(Hosts.drivers(host("h1", 8, 8 * GIB), Set.of(Driver.QEMU)), host("h2", 8, GIB / 2));

        Placed placed = placed(SMALL, Policy.PACK);

        assertThat(placed.host()).isEqualTo(H1);
        assertThat(placed.driver()).isEqualTo(Driver.QEMU);
        assertThat(placed.counts().rejectedBy(Filter.MEMORY)).isEqualTo(1);
    }

    @Test
    void aDriverAskedForIsTheDriverGiven() {
        add(host("h1", 8, 8 * GIB));

        Request request = SMALL.withConstraints(Constraints.NONE.withDriver(Driver.QEMU));

        assertThat(placed(request, Policy.PACK).driver()).isEqualTo(Driver.QEMU);
    }

    @Test
    void eachHostCountsAtTheFirstFilterThatRejectsIt() {
        HostFacts plain = host("h1", 8, 8 * GIB);
        add(Hosts.ready(Hosts.cordoned(plain), false), Hosts.cordoned(host("h2", 8, 8 * GIB)),
                Hosts.drivers(host("h3", 8, 8 * GIB), Set.of(Driver.QEMU)),
                new HostFacts(new HostId("h4"), true, false, Set.of(Driver.KVM), "aarch64", Set.of(), Map.of(),
                        Set.of(),
                        plain.capacity()),
                new HostFacts(new HostId("h5"), true, false, Set.of(Driver.KVM), "x86_64", Set.of("avx"), Map.of(),
                        Set.of(),
                        plain.capacity()),
                host("h6", 8, 8 * GIB), Hosts.labels(host("h7", 8, 8 * GIB), Map.of("zone", "a")),
                limited(joined(host("h8", 8, 8 * GIB))), limited(joined(host("h9", 0, 8 * GIB))),
                limited(joined(host("i1", 8, GIB))), joined(host("h7a", 8, 8 * GIB)));
        Request request = Request.of(new Demand(1, 2 * GIB))
                .withConstraints(Constraints.NONE.withDriver(Driver.KVM).withArchitecture("x86_64")
                        .withCpuFeatures(Set.of("avx", "sse4_2")).withLabels(Map.of("zone", "a"))
                        .withNetworks(Set.of("bridge/br0")).withResources(Set.of("limits")))
                .withRefused(Map.of(new HostId("h8"), "its disk is full"));

        Unplaced unplaced = unplaced(request);

        assertThat(unplaced.counts().considered()).isEqualTo(11);
        for (Filter filter : Filter.values()) {
            if (Set.of(Filter.DISKS, Filter.CPU_MODEL, Filter.DEDICATED_CPUS, Filter.HUGE_PAGES_2M,
                    Filter.HUGE_PAGES_1G).contains(filter)) {
                continue;
            }
            assertThat(unplaced.counts().rejectedBy(filter)).as(filter.id()).isEqualTo(1);
        }
        assertThat(unplaced.reason()).isEqualTo("none of 11 hosts fits (ready 1, cordoned 1, driver 1, architecture 1,"
                + " cpu_features 1, labels 1, networks 1, resources 1, refused 1, vcpus 1, memory 1):"
                + " host i1 lacks 1 GiB of memory (1 GiB free, 2 GiB asked)");
    }

    @Test
    void aVmGoesWhereAllOfItsCpuIsAndTheMissingFeaturesAreNamed() {
        add(showing(host("h1", 8, 8 * GIB), 1 << 28), showing(host("h2", 8, 8 * GIB), 1 << 28 | 1 << 12 | 1),
                host("h3", 8, 8 * GIB));
        Request request = SMALL.withConstraints(Constraints.NONE.withCpu(cpu(1 << 28 | 1 << 12)));

        assertThat(placed(request, Policy.PACK).host()).isEqualTo(H2);
        cluster.remove(H2);
        assertThat(nearestMiss(request).text()).isEqualTo("host h1 lacks of the CPU model fma");
    }

    private static HostFacts limited(HostFacts host) {
        return Hosts.resources(host, Extras.NONE, Set.of("limits"));
    }

    private static HostFacts showing(HostFacts host, int features) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(), host.labels(), host.networks(), host.capacity(), Optional.of(cpu(features)));
    }

    private static Cpu cpu(int features) {
        return new Cpu(List.of(new CpuidLeaf(1, 0, 0xA00F11, 0, features, 0)));
    }

    private static HostFacts joined(HostFacts host) {
        return Hosts.networks(Hosts.labels(host, Map.of("zone", "a")), Set.of("bridge/br0", "user"));
    }

    @Test
    void aVmGoesWhereItsNetworksAreAndTheMissingOnesAreNamed() {
        add(host("h1", 8, 8 * GIB), Hosts.networks(host("h2", 8, 8 * GIB), Set.of("user", "bridge/br0")));
        Request both = SMALL.withConstraints(Constraints.NONE.withNetworks(Set.of("user", "bridge/br0")));

        assertThat(placed(both, Policy.PACK).host()).isEqualTo(H2);
        add(Hosts.networks(host("h2", 8, 8 * GIB), Set.of("user")));
        assertThat(nearestMiss(both).text()).isEqualTo("host h1 lacks the networks bridge/br0, user");
        cluster.remove(H1);
        assertThat(nearestMiss(both).text()).isEqualTo("host h2 lacks the network bridge/br0");
        assertThat(unplaced(both).counts().rejectedBy(Filter.NETWORKS)).isEqualTo(1);
    }

    @Test
    void aVmThatHasWrittenToDisksGoesNowhereElse() {
        add(host("h1", 8, 8 * GIB), host("h2", 8, 8 * GIB), host("h3", 8, 8 * GIB));
        Request home = SMALL.withHome(H2);

        assertThat(placed(home, Policy.PACK).host()).isEqualTo(H2);
        assertThat(placed(home, Policy.PACK).counts().rejectedBy(Filter.DISKS)).isEqualTo(2);
        assertThat(cluster.accepts(H2, home)).isTrue();
        assertThat(cluster.accepts(H1, home)).isFalse();
    }

    @Test
    void whyTheHostWithTheDisksDoesNotDoIsSaid() {
        add(host("h1", 8, 8 * GIB), host("h2", 1, 8 * GIB));
        Request home = SMALL.withHome(H2);

        assertThat(nearestMiss(home.withRefused(Map.of(H2, "its disk is full"))).text())
                .isEqualTo("host h2 keeps the VM's data: host h2 refused it: its disk is full");
        assertThat(nearestMiss(Request.of(new Demand(2, GIB)).withHome(H2)).text())
                .isEqualTo("host h2 keeps the VM's data: host h2 lacks 1 vCPU (1 free, 2 asked)");
        add(Hosts.cordoned(host("h2", 1, 8 * GIB)));
        assertThat(nearestMiss(home).text()).isEqualTo("host h2 keeps the VM's data: host h2 is cordoned");
        cluster.remove(H2);
        assertThat(nearestMiss(home).text()).isEqualTo("host h2 keeps the VM's data: there is no such host");
        assertThat(unplaced(home).reason()).startsWith("none of 1 hosts fits (disks 1):");
    }

    @Test
    void theNearestMissIsTheHostThatLacksLeast() {
        add(host("h1", 8, GIB), host("h2", 8, 1536 * MIB), host("h3", 1, 64 * GIB));

        assertThat(nearestMiss(Request.of(new Demand(2, 2 * GIB))))
                .isEqualTo(new Rejection.LacksCapacity(H2, new Fit.Lacks(Dimension.MEMORY, 1536 * MIB, 2 * GIB)))
                .extracting(Rejection::text).isEqualTo("host h2 lacks 512 MiB of memory (1.5 GiB free, 2 GiB asked)");
        assertThat(nearestMiss(Request.of(new Demand(9, GIB))).text())
                .isEqualTo("host h1 lacks 1 vCPU (8 free, 9 asked)");
    }

    @Test
    void theNearestMissOfEachFilterSaysWhatIsMissing() {
        add(host("h2", 8, GIB), Hosts.ready(host("h1", 8, GIB), false));
        Request request = SMALL.withRefused(Map.of(H2, "its disk is full", H3, "unknown by now"));

        assertThat(nearestMiss(request).text()).isEqualTo("host h2 refused it: its disk is full");
        assertThat(nearestMiss(SMALL.withConstraints(Constraints.NONE.withLabels(Map.of("zone", "a", "disk", "ssd"))))
                .text())
                .isEqualTo("host h2 lacks the labels disk=ssd, zone=a");
        assertThat(
                nearestMiss(SMALL.withConstraints(Constraints.NONE.withCpuFeatures(Set.of("avx", "amx_tile")))).text())
                .isEqualTo("host h2 lacks the CPU feature amx_tile");
        assertThat(nearestMiss(SMALL.withConstraints(Constraints.NONE.withArchitecture("aarch64"))).text())
                .isEqualTo("host h2 is x86_64 (aarch64 asked)");
        cluster.put(Hosts.labels(host("h2", 8, GIB), Map.of("zone", "b")));
        assertThat(nearestMiss(SMALL.withConstraints(Constraints.NONE.withLabels(Map.of("zone", "a")))).text())
                .isEqualTo("host h2 lacks the label zone=a (it has zone=b)");
        cluster.put(Hosts.drivers(host("h2", 8, GIB), Set.of(Driver.QEMU)));
        assertThat(nearestMiss(SMALL.withConstraints(Constraints.NONE.withDriver(Driver.KVM))).text())
                .isEqualTo("host h2 has no usable driver kvm (it has qemu)");
        cluster.put(Hosts.drivers(host("h2", 8, GIB), Set.of()));
        assertThat(nearestMiss(SMALL).text()).isEqualTo("host h2 has no usable driver");
        cluster.put(Hosts.cordoned(host("h2", 8, GIB)));
        assertThat(nearestMiss(SMALL).text()).isEqualTo("host h2 is cordoned");
        cluster.remove(H2);
        assertThat(nearestMiss(SMALL).text()).isEqualTo("host h1 is not ready");
    }

    @Test
    void withoutHostsThereIsNoMiss() {
        assertThat(unplaced(SMALL).nearestMiss()).isEqualTo(Optional.empty());
        assertThat(unplaced(SMALL).reason()).isEqualTo("there are no hosts");
    }

    @Test
    void aHostThatShrankUnderItsVmsTakesNoMore() {
        add(host("h1", 8, 8 * GIB));
        fill("a", H1, 2, 4 * GIB);
        cluster.put(host("h1", 8, 3 * GIB));

        assertThat(nearestMiss(SMALL).text())
                .isEqualTo("host h1 lacks 2 GiB of memory (1 GiB promised too much, 1 GiB asked)");
    }

    @Test
    void constraintsBeyondThoseKeptAreSortedAnew() {
        add(Hosts.labels(host("h1", 8, 8 * GIB), Map.of("n", "0")));
        for (int round = 0; round < 2; round++) {
            for (int n = 0; n < 300; n++) {
                Request request = SMALL.withConstraints(Constraints.NONE.withLabels(Map.of("n", Integer.toString(n))));
                assertThat(cluster.place(request, Policy.PACK)).isInstanceOf(n == 0 ? Placed.class : Unplaced.class);
            }
        }
    }

    @Test
    void vmWithHugePagesGoesWhereTheyAreAndTheNearestMissIsNamed() {
        Cluster cluster = new Cluster();
        cluster.put(Hosts.host("h1", 8, 64 * GIB));
        cluster.put(Hosts.resources(Hosts.host("h2", 8, 64 * GIB), new Extras(0, GIB, 0), Set.of()));
        Request fits = Request.of(new Demand(1, GIB, PageSize.HUGE_2M, false));
        assertThat(cluster.place(fits, Policy.PACK)).isInstanceOfSatisfying(Placement.Placed.class,
                placed -> assertThat(placed.host()).isEqualTo(new HostId("h2")));

        Request larger = Request.of(new Demand(1, 2 * GIB, PageSize.HUGE_2M, false));
        assertThat(cluster.place(larger, Policy.PACK)).isInstanceOfSatisfying(Placement.Unplaced.class, unplaced -> {
            assertThat(unplaced.counts().rejected()).isEqualTo(Map.of(Filter.HUGE_PAGES_2M, 2));
            assertThat(unplaced.nearestMiss().orElseThrow().text())
                    .isEqualTo("host h2 lacks 1 GiB in huge pages of 2 MiB (1 GiB free, 2 GiB asked)");
        });
    }

    @Test
    void resourceThatNoHostHasIsNamed() {
        Cluster cluster = new Cluster();
        cluster.put(Hosts.host("h1", 8, 64 * GIB));
        Request request = Request.of(new Demand(1, GIB))
                .withConstraints(Constraints.NONE.withResources(Set.of("numa_node/1")));
        assertThat(cluster.place(request, Policy.PACK)).isInstanceOfSatisfying(Placement.Unplaced.class, unplaced -> {
            assertThat(unplaced.counts().rejected()).isEqualTo(Map.of(Filter.RESOURCES, 1));
            assertThat(unplaced.nearestMiss().orElseThrow().text())
                    .isEqualTo("host h1 lacks the resource numa_node/1");
        });
    }
}
