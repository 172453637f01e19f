package io.drover.scheduler.capacity;

/**
 * What the VMs of a host may reserve in all. Overcommit ratios are already applied: the agent does it once with
 * {@link #of} and advertises the result, so that the scheduler and the agent never compute two different capacities
 * for one host.
 *
 * @param vcpus 0 or more
 * @param memoryBytes 0 or more
 */
public record HostCapacity(long vcpus, long memoryBytes) {
    /**
     * Checks both amounts.
     *
     * @throws IllegalArgumentException below 0
     */
    public HostCapacity {
        if (vcpus < 0 || memoryBytes < 0) {
            throw new IllegalArgumentException(
                    "capacity : " + vcpus + " vCPUs, " + memoryBytes + " bytes (expected: none below 0)");
        }
    }

    /**
     * The capacity of a machine, rounded down.
     *
     * @param cpus logical CPUs
     * @param memoryBytes what the machine has
     * @param keptBytes what it keeps for itself, before overcommit; all of it when there is no more
     */
    public static HostCapacity of(int cpus, long memoryBytes, long keptBytes, Overcommit overcommit) {
        if (cpus < 0 || memoryBytes < 0 || keptBytes < 0) {
            throw new IllegalArgumentException("machine : " + cpus + " CPUs, " + memoryBytes + " bytes, " + keptBytes
                    + " bytes kept for itself (expected: none below 0)");
        }
        return new HostCapacity((long) (cpus * overcommit.vcpus()),
                (long) (Math.max(0, memoryBytes - keptBytes) * overcommit.memory()));
    }

    /**
     * Whether a VM fits beside what is reserved. This is the one rule: placement, the commit of a reservation and the
     * agent that is asked to start a VM all decide by it, so that none of them refuses what another allowed.
     *
     * @return the first dimension that lacks, in the order of {@link Dimension}, or that all fit
     */
    public Fit fits(Reserved reserved, Demand demand) {
        long freeVcpus = vcpus - reserved.vcpus();
        if (Fit.lacking(freeVcpus, demand.vcpus()) > 0) {
            return new Fit.Lacks(Dimension.VCPUS, freeVcpus, demand.vcpus());
        }
        long freeBytes = memoryBytes - reserved.memoryBytes();
        if (Fit.lacking(freeBytes, demand.memoryBytes()) > 0) {
            return new Fit.Lacks(Dimension.MEMORY, freeBytes, demand.memoryBytes());
        }
        return Fit.FITS;
    }
}
