package io.drover.scheduler.host;

import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.cpu.Cpu;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the scheduler knows of a host, besides the VMs and the image files on it.
 *
 * @param ready its agent can be asked to start VMs
 * @param cordoned an operator wants no new VMs on it
 * @param drivers those that work
 * @param architecture such as {@code x86_64}
 * @param cpuFeatures as in /proc/cpuinfo
 * @param labels free to choose by the operator
 * @param networks names of those that its VMs can be joined to
 * @param capacity what its VMs may reserve in all
 * @param resources what else a VM may need of it, by name, such as {@code limits} and {@code numa_node/0}
 * @param migration empty: it does not take part in any
 * @param cpu what it can show a guest as its CPU; empty: nothing that a CPU model could ask for
 */
public record HostFacts(
        HostId id,
        boolean ready,
        boolean cordoned,
        Set<Driver> drivers,
        String architecture,
        Set<String> cpuFeatures,
        Map<String, String> labels,
        Set<String> networks,
        HostCapacity capacity,
        Optional<Cpu> cpu,
        Set<String> resources,
        Optional<MigrationAbility> migration) {
    public HostFacts {
        drivers = Set.copyOf(drivers);
        cpuFeatures = Set.copyOf(cpuFeatures);
        labels = Map.copyOf(labels);
        networks = Set.copyOf(networks);
        resources = Set.copyOf(resources);
    }

    /** Of a host that takes part in no migration. */
    public HostFacts(HostId id, boolean ready, boolean cordoned, Set<Driver> drivers, String architecture,
            Set<String> cpuFeatures, Map<String, String> labels, Set<String> networks, HostCapacity capacity,
            Optional<Cpu> cpu, Set<String> resources) {
        this(id, ready, cordoned, drivers, architecture, cpuFeatures, labels, networks, capacity, cpu, resources,
                Optional.empty());
    }

    /** Of a host without resources beside CPUs and memory. */
    public HostFacts(HostId id, boolean ready, boolean cordoned, Set<Driver> drivers, String architecture,
            Set<String> cpuFeatures, Map<String, String> labels, Set<String> networks, HostCapacity capacity,
            Optional<Cpu> cpu) {
        this(id, ready, cordoned, drivers, architecture, cpuFeatures, labels, networks, capacity, cpu, Set.of());
    }

    /** Of a host that can run no VM with a CPU model. */
    public HostFacts(HostId id, boolean ready, boolean cordoned, Set<Driver> drivers, String architecture,
            Set<String> cpuFeatures, Map<String, String> labels, Set<String> networks, HostCapacity capacity) {
        this(id, ready, cordoned, drivers, architecture, cpuFeatures, labels, networks, capacity, Optional.empty());
    }
}
