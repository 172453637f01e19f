package io.drover.scheduler.placement;

import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a VM demands of its host apart from capacity. VMs with equal constraints see the cluster alike and share the
 * work of sorting it.
 *
 * @param driver empty: any, the best that the host has
 * @param architecture empty: any
 * @param cpuFeatures the host must have them all
 * @param labels the host must have them all, with these values
 * @param networks the host must have them all
 * @param cpu what the guest is to see as its CPU: the host must have all of it; empty: whatever the host has
 * @param resources the host must have them all
 */
public record Constraints(
        Optional<Driver> driver,
        Optional<String> architecture,
        Set<String> cpuFeatures,
        Map<String, String> labels,
        Set<String> networks,
        Optional<Cpu> cpu,
        Set<String> resources) {
    public static final Constraints NONE = new Constraints(Optional.empty(), Optional.empty(), Set.of(), Map.of(),
            Set.of(), Optional.empty(), Set.of());

    public Constraints {
        cpuFeatures = Set.copyOf(cpuFeatures);
        labels = Map.copyOf(labels);
        networks = Set.copyOf(networks);
        resources = Set.copyOf(resources);
    }

    /** Without resources beside CPUs and memory. */
    public Constraints(Optional<Driver> driver, Optional<String> architecture, Set<String> cpuFeatures,
            Map<String, String> labels, Set<String> networks, Optional<Cpu> cpu) {
        this(driver, architecture, cpuFeatures, labels, networks, cpu, Set.of());
    }

    public Constraints withResources(Set<String> wanted) {
        return new Constraints(driver, architecture, cpuFeatures, labels, networks, cpu, wanted);
    }

    public Constraints withDriver(Driver wanted) {
        return new Constraints(Optional.of(wanted), architecture, cpuFeatures, labels, networks, cpu, resources);
    }

    public Constraints withArchitecture(String wanted) {
        return new Constraints(driver, Optional.of(wanted), cpuFeatures, labels, networks, cpu, resources);
    }

    public Constraints withCpuFeatures(Set<String> wanted) {
        return new Constraints(driver, architecture, wanted, labels, networks, cpu, resources);
    }

    public Constraints withLabels(Map<String, String> wanted) {
        return new Constraints(driver, architecture, cpuFeatures, wanted, networks, cpu, resources);
    }

    public Constraints withNetworks(Set<String> wanted) {
        return new Constraints(driver, architecture, cpuFeatures, labels, wanted, cpu, resources);
    }

    public Constraints withCpu(Cpu wanted) {
        return new Constraints(driver, architecture, cpuFeatures, labels, networks, Optional.of(wanted), resources);
    }

    /**
     * The first filter that rejects the host, before those that depend on one request alone (refused and capacity).
     */
    Optional<Filter> firstRejecting(HostFacts host) {
        for (Filter filter : Filter.OF_FACTS) {
            if (rejects(filter, host)) {
                return Optional.of(filter);
            }
        }
        return Optional.empty();
    }

    /** Whether one filter, which looks at facts alone, rejects the host. */
    boolean rejects(Filter filter, HostFacts host) {
        return switch (filter) {
            case READY -> !host.ready();
            case CORDONED -> host.cordoned();
            case DRIVER -> driverOn(host).isEmpty();
            case ARCHITECTURE -> architecture.isPresent() && !architecture.get().equals(host.architecture());
            case CPU_FEATURES -> !host.cpuFeatures().containsAll(cpuFeatures);
            case CPU_MODEL -> cpu.isPresent() && !(host.cpu().isPresent() && host.cpu().get().has(cpu.get()));
            case LABELS -> !host.labels().entrySet().containsAll(labels.entrySet());
            case NETWORKS -> !host.networks().containsAll(networks);
            case RESOURCES -> !host.resources().containsAll(resources);
            case DISKS, REFUSED, VCPUS, DEDICATED_CPUS, MEMORY, HUGE_PAGES_2M, HUGE_PAGES_1G ->
                throw new IllegalArgumentException("filter : " + filter + " (expected: one of facts)");
        };
    }

    /** The driver that would run the VM on this host: the one asked for, else the best that the host has. */
    Optional<Driver> driverOn(HostFacts host) {
        if (driver.isPresent()) {
            return driver.filter(host.drivers()::contains);
        }
        return Driver.BY_PREFERENCE.stream().filter(host.drivers()::contains).findFirst();
    }
}
