package io.drover.controller.placement;

import io.drover.controller.record.Host;
import io.drover.controller.record.HaPolicy;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostMigrations;
import io.drover.controller.record.Nic;
import io.drover.controller.record.VmSpec;
import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Placement;
import io.drover.scheduler.placement.Rejection;
import io.drover.scheduler.placement.Request;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Our records in the words of the scheduler, and its decisions in ours. */
final class SchedulerTypes {
    private SchedulerTypes() {}

    static io.drover.scheduler.host.HostId id(HostId host) {
        return new io.drover.scheduler.host.HostId(host.value());
    }

    static Demand demand(VmSpec spec) {
        return new Demand(spec.vcpus(), spec.memoryBytes(), spec.resources().pages(),
                spec.resources().dedicatedCpus());
    }

    /**
     * What a VM asks of a host.
     *
     * @param cpu what its CPU model is, if it has one
     */
    static Request request(VmSpec spec, Map<io.drover.scheduler.host.HostId, String> refused, Set<String> files,
            Optional<HostId> home, Optional<Cpu> cpu) {
        Constraints constraints = new Constraints(driver(spec), Optional.empty(), Set.copyOf(spec.cpuFeatures()),
                spec.hostSelector(), spec.networks(), cpu, spec.resources().asked());
        return new Request(demand(spec), constraints, files, refused, home.map(SchedulerTypes::id));
    }

    /** The one asked for, or the one that can do what is asked for. */
    private static Optional<Driver> driver(VmSpec spec) {
        Optional<Driver> asked = Driver.ofId(spec.driver());
        boolean needsOurs = spec.cpuModel().isPresent() || spec.vsock() || spec.ha() == HaPolicy.RESTART
                || spec.nics().stream().anyMatch(Nic::isLimited);
        return asked.isEmpty() && needsOurs ? Optional.of(Driver.KVM) : asked;
    }

    /** A driver that this version does not know is left out: it could not ask for it. */
    static HostFacts facts(Host host, boolean ready) {
        Set<Driver> usable = EnumSet.noneOf(Driver.class);
        host.drivers().stream().filter(Host.Driver::usable)
                .forEach(driver -> Driver.ofId(driver.name()).ifPresent(usable::add));
        return new HostFacts(id(host.id()), ready, host.cordoned(), usable, host.architecture(),
                Set.copyOf(host.cpuFeatures()),
                host.labels(), Set.copyOf(host.networks()),
                new HostCapacity(Math.max(0, host.allocatableVcpus()), Math.max(0, host.allocatableMemoryBytes()),
                        host.resources().setAside()),
                host.cpu(), host.resources().offered(), host.migrations().flatMap(HostMigrations::ability));
    }

    static io.drover.controller.record.Placement record(Placement placement, Instant now) {
        Map<String, Integer> rejected = new HashMap<>();
        placement.counts().rejected().forEach((filter, hosts) -> rejected.put(filter.id(), hosts));
        return switch (placement) {
            case Placement.Placed placed -> new io.drover.controller.record.Placement(
                    Optional.of(new HostId(placed.host().name())), placed.driver().id(), placed.score().total(),
                    placed.counts().considered(), placed.counts().feasible(), rejected, "", now);
            case Placement.Unplaced unplaced -> new io.drover.controller.record.Placement(Optional.empty(), "", 0,
                    unplaced.counts().considered(), unplaced.counts().feasible(), rejected,
                    unplaced.nearestMiss().map(Rejection::text).orElse("there are no hosts"), now);
        };
    }
}
