package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.capacity.PageSize;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * What may happen to a cluster, and random such histories. There are few hosts, VMs, labels and so on, so that they
 * meet often; hosts are small against VMs, so that they fill up.
 */
public final class History {
    private History() {}

    /** One thing that the owner of a cluster is told or does. */
    public sealed interface Event {
        record PutHost(HostFacts facts) implements Event {}

        record RemoveHost(HostId host) implements Event {}

        record AddFiles(HostId host, Set<String> files) implements Event {}

        record SetFiles(HostId host, Set<String> files) implements Event {}

        record Reserve(VmUid vm, HostId host, Demand demand) implements Event {}

        record Restore(VmUid vm, HostId host, Demand demand) implements Event {}

        record Release(VmUid vm) implements Event {}
    }

    public static Arbitrary<List<Event>> histories() {
        return events().list().ofMaxSize(60);
    }

    private static Arbitrary<Event> events() {
        return Arbitraries.frequencyOf(Tuple.of(6, facts().map(Event.PutHost::new)),
                Tuple.of(1, hosts().map(Event.RemoveHost::new)),
                Tuple.of(1, Combinators.combine(hosts(), files()).as(Event.AddFiles::new)),
                Tuple.of(1, Combinators.combine(hosts(), files()).as(Event.SetFiles::new)),
                Tuple.of(8, Combinators.combine(vms(), hosts(), demands()).as(Event.Reserve::new)),
                Tuple.of(1, Combinators.combine(vms(), hosts(), demands()).as(Event.Restore::new)),
                Tuple.of(3, vms().map(Event.Release::new)));
    }

    static Arbitrary<HostId> hosts() {
        return Arbitraries.integers().between(1, 6).map(n -> new HostId("h" + n));
    }

    public static Arbitrary<VmUid> vms() {
        return Arbitraries.integers().between(1, 12).map(n -> new VmUid("vm" + n));
    }

    private static Arbitrary<Set<String>> files() {
        return Arbitraries.of("kernel", "initramfs", "disk").set();
    }

    private static Arbitrary<Map<String, String>> labels() {
        return Arbitraries.maps(Arbitraries.of("zone", "disk"), Arbitraries.of("a", "b")).ofMaxSize(2);
    }

    private static Arbitrary<Set<String>> features() {
        return Arbitraries.of("avx", "sse4_2").set();
    }

    private static Arbitrary<Set<String>> networks() {
        return Arbitraries.of("user", "bridge/br0").set();
    }

    private static Arbitrary<HostFacts> facts() {
        Arbitrary<HostCapacity> capacities = Combinators.combine(Arbitraries.longs().between(0, 16),
                Arbitraries.longs().between(0, 16)).as((vcpus, gib) -> new HostCapacity(vcpus, gib * Hosts.GIB));
        Arbitrary<HostFacts> unjoined = Combinators
                .combine(hosts(), Arbitraries.of(true, true, true, false), Arbitraries.of(false, false, false, true),
                        Arbitraries.of(Driver.class).set(), Arbitraries.of("x86_64", "x86_64", "aarch64"), features(),
                        labels(), capacities)
                .as((id, ready, cordoned, drivers, architecture, features, labels, capacity) -> new HostFacts(id, ready,
                        cordoned, drivers, architecture, features, labels, Set.of(), capacity));
        return Combinators.combine(unjoined, networks(), extras(), resources())
                .as((host, networks, extras, resources) -> Hosts.resources(Hosts.networks(host, networks), extras,
                        resources));
    }

    private static Arbitrary<Extras> extras() {
        return Combinators
                .combine(Arbitraries.longs().between(0, 8), Arbitraries.longs().between(0, 8),
                        Arbitraries.longs().between(0, 8))
                .as((cpus, two, one) -> new Extras(cpus, two * Hosts.GIB, one * Hosts.GIB));
    }

    private static Arbitrary<Set<String>> resources() {
        return Arbitraries.of("limits", "numa_node/1").set();
    }

    private static Arbitrary<Demand> demands() {
        return Combinators
                .combine(Arbitraries.integers().between(1, 6), Arbitraries.longs().between(1, 12),
                        Arbitraries.of(PageSize.class), Arbitraries.of(true, false, false))
                .as((vcpus, halfGib, pages, dedicated) -> new Demand(vcpus, halfGib * Hosts.GIB / 2, pages, dedicated));
    }

    public static Arbitrary<Request> requests() {
        Arbitrary<Constraints> constraints = Combinators.combine(Arbitraries.of(Driver.class).optional(0.3),
                Arbitraries.of("x86_64", "aarch64").optional(0.2), features(), labels().filter(each -> each.size() < 2),
                networks().filter(each -> each.size() < 2), resources().filter(each -> each.size() < 2))
                .as((driver, architecture, features, labels, networks, resources) -> new Constraints(driver,
                        architecture, features, labels, networks, Optional.empty(), resources));
        return Combinators.combine(demands(), constraints, files(),
                Arbitraries.maps(hosts(), Arbitraries.of("its disk is full", "no such image")).ofMaxSize(2))
                .as(Request::new);
    }

    static void apply(List<Event> history, Cluster cluster) {
        history.forEach(event -> apply(event, cluster));
    }

    public static void apply(Event event, Cluster cluster) {
        switch (event) {
            case Event.PutHost put -> cluster.put(put.facts);
            case Event.RemoveHost remove -> cluster.remove(remove.host);
            case Event.AddFiles add -> cluster.addFiles(add.host, add.files);
            case Event.SetFiles set -> cluster.setFiles(set.host, set.files);
            case Event.Reserve reserve -> cluster.reserve(reserve.vm, reserve.host, reserve.demand);
            case Event.Restore restore -> cluster.restore(restore.vm, restore.host, restore.demand);
            case Event.Release release -> cluster.release(release.vm);
        }
    }

    static void apply(Event event, NaiveCluster cluster) {
        switch (event) {
            case Event.PutHost put -> cluster.put(put.facts);
            case Event.RemoveHost remove -> cluster.remove(remove.host);
            case Event.AddFiles add -> cluster.addFiles(add.host, add.files);
            case Event.SetFiles set -> cluster.setFiles(set.host, set.files);
            case Event.Reserve reserve -> cluster.reserve(reserve.vm, reserve.host, reserve.demand);
            case Event.Restore restore -> cluster.restore(restore.vm, restore.host, restore.demand);
            case Event.Release release -> cluster.release(release.vm);
        }
    }
}
