package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The scheduler as one would write it without a thought of speed: one object per host, streams, everything looked at
 * anew each time. The properties hold the real one against it, the benchmark measures against it.
 */
final class NaiveCluster {
    private final Map<HostId, Host> hosts = new HashMap<>();
    private final Map<VmUid, Reservation.Held> held = new HashMap<>();
    private final Map<HostId, Map<Dimension, Long>> sums = new HashMap<>();

    private record Host(HostFacts facts, Set<String> files) {}

    /** A host that passed every filter. */
    private record Candidate(HostFacts facts, Driver driver, double total) {}

    void put(HostFacts facts) {
        hosts.merge(facts.id(), new Host(facts, new HashSet<>()), (before, now) -> new Host(facts, before.files));
    }

    void remove(HostId host) {
        hosts.remove(host);
    }

    void addFiles(HostId host, Collection<String> files) {
        Optional.ofNullable(hosts.get(host)).ifPresent(there -> there.files.addAll(files));
    }

    void setFiles(HostId host, Collection<String> files) {
        Optional.ofNullable(hosts.get(host)).ifPresent(there -> there.files.clear());
        addFiles(host, files);
    }

    Map<HostId, HostFacts> facts() {
        Map<HostId, HostFacts> facts = new HashMap<>();
        hosts.values().forEach(host -> facts.put(host.facts.id(), host.facts));
        return facts;
    }

    Set<String> files(HostId host) {
        return hosts.get(host).files;
    }

    Map<VmUid, Reservation.Held> held() {
        return held;
    }

    long reserved(HostId host, Dimension dimension) {
        return sums.getOrDefault(host, Map.of()).getOrDefault(dimension, 0L);
    }

    int vms(HostId host) {
        return (int) held.values().stream().filter(each -> each.host().equals(host)).count();
    }

    /** {@return whether the VM holds this now} */
    boolean reserve(VmUid vm, HostId host, Demand demand) {
        Reservation.Held wanted = new Reservation.Held(host, demand);
        if (held.containsKey(vm)) {
            return held.get(vm).equals(wanted);
        }
        Host there = hosts.get(host);
        if (there == null || rejectsCapacity(there.facts, demand).isPresent()) {
            return false;
        }
        restore(vm, host, demand);
        return true;
    }

    void restore(VmUid vm, HostId host, Demand demand) {
        release(vm);
        held.put(vm, new Reservation.Held(host, demand));
        add(host, demand, 1);
    }

    void release(VmUid vm) {
        Optional.ofNullable(held.remove(vm))
                .ifPresent(was -> add(was.host(), was.demand(), -1));
    }

    private void add(HostId host, Demand demand, int sign) {
        Map<Dimension, Long> sum = sums.computeIfAbsent(host, first -> new HashMap<>());
        sum.merge(cpus(demand), (long) sign * demand.vcpus(), Long::sum);
        sum.merge(memory(demand), sign * demand.memoryBytes(), Long::sum);
    }

    private static Dimension cpus(Demand demand) {
        return demand.dedicatedCpus() ? Dimension.DEDICATED_CPUS : Dimension.VCPUS;
    }

    private static Dimension memory(Demand demand) {
        return switch (demand.pages()) {
            case SMALL -> Dimension.MEMORY;
            case HUGE_2M -> Dimension.HUGE_PAGES_2M;
            case HUGE_1G -> Dimension.HUGE_PAGES_1G;
        };
    }

    private static long capacity(HostFacts host, Dimension dimension) {
        return switch (dimension) {
            case VCPUS -> host.capacity().vcpus();
            case DEDICATED_CPUS -> host.capacity().extras().dedicatedCpus();
            case MEMORY -> host.capacity().memoryBytes();
            case HUGE_PAGES_2M -> host.capacity().extras().huge2mBytes();
            case HUGE_PAGES_1G -> host.capacity().extras().huge1gBytes();
        };
    }

    /** The best host; a host of equal score with a lower name wins. */
    Placement place(Request request, Policy policy) {
        List<Candidate> feasible = new ArrayList<>();
        List<Rejection> rejected = new ArrayList<>();
        for (Host host : hosts.values()) {
            Optional<Rejection> rejection = rejection(host.facts, request);
            if (rejection.isPresent()) {
                rejected.add(rejection.get());
            } else {
                feasible.add(candidate(host, request, policy));
            }
        }
        int[] counts = new int[Filter.values().length];
        rejected.forEach(rejection -> counts[rejection.filter().index()]++);
        return feasible.stream()
                .max(Comparator.comparingDouble(Candidate::total)
                        .thenComparing(each -> each.facts.id(), Comparator.reverseOrder()))
                .<Placement>map(best -> new Placement.Placed(best.facts.id(), best.driver, new Score(0, 0, best.total),
                        new Counts(feasible.size(), counts)))
                .orElseGet(() -> new Placement.Unplaced(new Counts(0, counts),
                        rejected.stream().max(Comparator.comparing(Rejection::filter)
                                .thenComparing(NaiveCluster::lacking, Comparator.reverseOrder())
                                .thenComparing(Rejection::host, Comparator.reverseOrder()))));
    }

    Optional<Rejection> rejection(HostFacts host, Request request) {
        Constraints wanted = request.constraints();
        return Stream.<Optional<Rejection>>of(
                rejectIf(!host.ready(), Filter.READY, host, wanted),
                rejectIf(host.cordoned(), Filter.CORDONED, host, wanted),
                rejectIf(drivers(host, wanted).findAny().isEmpty(), Filter.DRIVER, host, wanted),
                rejectIf(wanted.architecture().stream().anyMatch(each -> !each.equals(host.architecture())),
                        Filter.ARCHITECTURE,
                        host, wanted),
                rejectIf(wanted.cpuFeatures().stream().anyMatch(each -> !host.cpuFeatures().contains(each)),
                        Filter.CPU_FEATURES,
                        host, wanted),
                rejectIf(wanted.labels().entrySet().stream()
                        .anyMatch(each -> !each.getValue().equals(host.labels().get(each.getKey()))), Filter.LABELS,
                        host, wanted),
                rejectIf(wanted.networks().stream().anyMatch(each -> !host.networks().contains(each)), Filter.NETWORKS,
                        host, wanted),
                rejectIf(wanted.resources().stream().anyMatch(each -> !host.resources().contains(each)),
                        Filter.RESOURCES, host, wanted),
                Optional.ofNullable(request.refused().get(host.id())).map(why -> new Rejection.Refused(host.id(), why)),
                rejectsCapacity(host, request.demand()))
                .flatMap(Optional::stream).findFirst();
    }

    private static Optional<Rejection> rejectIf(boolean rejects, Filter filter, HostFacts host, Constraints wanted) {
        return rejects ? Optional.of(Rejection.of(filter, host, wanted)) : Optional.empty();
    }

    private Optional<Rejection> rejectsCapacity(HostFacts host, Demand demand) {
        return rejectsCapacity(host, cpus(demand), demand.vcpus())
                .or(() -> rejectsCapacity(host, memory(demand), demand.memoryBytes()));
    }

    private Optional<Rejection> rejectsCapacity(HostFacts host, Dimension dimension, long asked) {
        long free = capacity(host, dimension) - reserved(host.id(), dimension);
        return asked > free
                ? Optional.of(new Rejection.LacksCapacity(host.id(), new Fit.Lacks(dimension, free, asked)))
                : Optional.empty();
    }

    private static Stream<Driver> drivers(HostFacts host, Constraints wanted) {
        return host.drivers().stream().filter(each -> wanted.driver().isEmpty() || wanted.driver().get() == each);
    }

    private Candidate candidate(Host host, Request request, Policy policy) {
        HostFacts facts = host.facts;
        Driver driver = drivers(facts, request.constraints()).sorted().findFirst().orElseThrow();
        double vcpus = fill(facts, cpus(request.demand()), request.demand().vcpus());
        double memory = fill(facts, memory(request.demand()), request.demand().memoryBytes());
        double fill = policy == Policy.PACK ? (vcpus + memory) / 2 : 1 - Math.max(vcpus, memory);
        boolean image = !request.imageFiles().isEmpty() && host.files.containsAll(request.imageFiles());
        return new Candidate(facts, driver, (driver == Driver.KVM ? 2 : 0) + (image ? 0.5 : 0) + fill);
    }

    private double fill(HostFacts host, Dimension dimension, long asked) {
        return (double) (reserved(host.id(), dimension) + asked) / capacity(host, dimension);
    }

    private static long lacking(Rejection rejection) {
        return rejection instanceof Rejection.LacksCapacity capacity ? capacity.lacks().lacking() : 0;
    }
}
