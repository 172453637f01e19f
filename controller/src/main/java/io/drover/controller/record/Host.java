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
 * @param fenced its machine is off, says a person: it has no session and gets none while this is so
 * @param lease how it treats VMs that run under leases; empty when it knows none
 * @param migrations what it can do in live migrations; empty: nothing
 * @param returns with {@code fenced}: the record stays when all is given up, else it goes
 */
public record Host(HostId id, Map<String, String> labels, String architecture, String cpuModel,
        List<String> cpuFeatures,
        int cpus, long memoryBytes, int allocatableVcpus, long allocatableMemoryBytes, List<Driver> drivers,
        boolean cordoned, boolean fenced, List<String> networks, Optional<Cpu> cpu, HostResources resources,
        Optional<HostLease> lease, boolean returns, Optional<HostMigrations> migrations) implements StoredRecord {
    public Host {
        labels = Map.copyOf(labels);
        cpuFeatures = List.copyOf(cpuFeatures);
        drivers = List.copyOf(drivers);
        networks = List.copyOf(networks);
    }

    /** One that knows no leases and no migrations. */
    public Host(HostId id, Map<String, String> labels, String architecture, String cpuModel, List<String> cpuFeatures,
            int cpus, long memoryBytes, int allocatableVcpus, long allocatableMemoryBytes, List<Driver> drivers,
            boolean cordoned, boolean fenced, List<String> networks, Optional<Cpu> cpu,
            HostResources resources) {
        this(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, cordoned, fenced, networks, cpu, resources, Optional.empty(),
                false, Optional.empty());
    }

    /**
     * A way to run VMs, whether it works or not.
     *
     * @param message why it is not usable; when it is, what was found
     * @param saves its guests can be saved to the host's disk, and go on from there
     */
    public record Driver(String name, boolean usable, String message, boolean saves) {
        /** One whose guests cannot be saved. */
        public Driver(String name, boolean usable, String message) {
            this(name, usable, message, false);
        }
    }

    /** Whether guests of this driver can be saved there. */
    public boolean saves(String driver) {
        return drivers.stream().anyMatch(each -> each.name().equals(driver) && each.saves());
    }

    public Host withCordoned(boolean value) {
        return new Host(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, value, fenced, networks, cpu, resources, lease, returns, migrations);
    }

    /**
     * A person vouches that its machine is off.
     *
     * @param back whether it may come back, else it is off for good
     */
    public Host withFence(boolean back) {
        return new Host(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, cordoned, true, networks, cpu, resources, lease, back, migrations);
    }

    /** All that it owned is given up: it may come back. */
    public Host withoutFence() {
        return new Host(id, labels, architecture, cpuModel, cpuFeatures, cpus, memoryBytes, allocatableVcpus,
                allocatableMemoryBytes, drivers, cordoned, false, networks, cpu, resources, lease, false, migrations);
    }

    /** As {@link #withFence}, for good, of a host that has no record but still owns VMs. */
    public static Host fencedWithoutFacts(HostId id) {
        return new Host(id, Map.of(), "", "", List.of(), 0, 0, 0, 0, List.of(), false, true, List.of(),
                Optional.empty(), HostResources.NONE);
    }

    public Optional<Driver> driver(String name) {
        return drivers.stream().filter(driver -> driver.name().equals(name)).findFirst();
    }
}
