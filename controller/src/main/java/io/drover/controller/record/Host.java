package io.drover.controller.record;

import io.drover.scheduler.cpu.Cpu;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of a host whether it lives or not: the facts are its agent's, {@code cordoned} and {@code fenced} are the
 * controller's.
 *
 * @param cpus logical CPUs
 * @param allocatableVcpus what VMs may reserve in all, as for the memory
 * @param networks "user", and "bridge/br0" for each bridge that VMs can be joined to
 * @param cpu what the driver kvm shows a guest as its CPU; empty where that driver is not usable
 * @param resources what VMs may ask for beside a share of CPUs and memory
 * @param fenced its machine is off for good, says a person: it has no session and gets none before this record is gone
 */
public record Host(HostId id, Map<String, String> labels, String architecture, String cpuModel,
        List<String> cpuFeatures,
        int cpus, long memoryBytes, int allocatableVcpus, long allocatableMemoryBytes, List<Driver> drivers,
        boolean cordoned, boolean fenced, List<String> networks, Optional<Cpu> cpu,
        HostResources resources) implements StoredRecord {
    public Host {
        labels = Map.copyOf(labels);
        cpuFeatures = List.copyOf(cpuFeatures);
        drivers = List.copyOf(drivers);
        networks = List.copyOf(networks);
    }

    /**
     * A way to run VMs, whether it works or not.
     *
     * @param message why it is not usable; when it is, what was found
     */
    public record Driver(String name, boolean usable, String message) {}

    public Host withCordoned(boolean value) {
        return new Host(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, value, fenced, networks, cpu, resources);
    }

    /** A person vouches that its machine is off for good. */
    public Host withFence() {
        return new Host(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, cordoned, true, networks, cpu, resources);
    }

    /** As {@link #withFence}, of a host that has no record but still owns VMs. */
    public static Host fencedWithoutFacts(HostId id) {
        return new Host(id, Map.of(), "", "", List.of(), 0, 0, 0, 0, List.of(), false, true, List.of(),
                Optional.empty(), HostResources.NONE);
    }

    public Optional<Driver> driver(String name) {
        return drivers.stream().filter(driver -> driver.name().equals(name)).findFirst();
    }
}
