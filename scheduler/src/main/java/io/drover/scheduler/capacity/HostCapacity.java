package io.drover.scheduler.capacity;

import java.util.Objects;

/**
 * What the VMs of a host may reserve in all. Overcommit ratios are already applied: the agent does it once with
 * {@link #of} and advertises the result, so that the scheduler and the agent never compute two different capacities
 * for one host.
 *
 * @param vcpus 0 or more
 * @param memoryBytes 0 or more, ordinary memory only
 * @param extras what is counted apart from those
 */
public record HostCapacity(long vcpus, long memoryBytes, Extras extras) {
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
        Objects.requireNonNull(extras, "extras");
    }

    /** Without extras. */
    public HostCapacity(long vcpus, long memoryBytes) {
        this(vcpus, memoryBytes, Extras.NONE);
    }

    /** As {@link #of(int, long, long, Overcommit, Extras)}, without extras. */
    public static HostCapacity of(int cpus, long memoryBytes, long keptBytes, Overcommit overcommit) {
        return of(cpus, memoryBytes, keptBytes, overcommit, Extras.NONE);
    }

    /**
     * The capacity of a machine, rounded down. What is set aside is promised once, whatever the overcommit, and nothing of it
     * is left for others.
     *
     * @param cpus logical CPUs
     * @param memoryBytes what the machine has
     * @param keptBytes what it keeps for itself, before overcommit; all of it when there is no more
     * @param extras set aside of those
     */
    public static HostCapacity of(int cpus, long memoryBytes, long keptBytes, Overcommit overcommit, Extras extras) {
        if (cpus < 0 || memoryBytes < 0 || keptBytes < 0) {
            throw new IllegalArgumentException("machine : " + cpus + " CPUs, " + memoryBytes + " bytes, " + keptBytes
                    + " bytes kept for itself (expected: none below 0)");
        }
        long shared = Math.max(0, cpus - extras.dedicatedCpus());
        long ordinary = Math.max(0, memoryBytes - extras.huge2mBytes() - extras.huge1gBytes() - keptBytes);
        return new HostCapacity((long) (shared * overcommit.vcpus()), (long) (ordinary * overcommit.memory()), extras);
    }

    /** How much of a dimension there is in all. */
    public long of(Dimension dimension) {
        return switch (dimension) {
            case VCPUS -> vcpus;
            case DEDICATED_CPUS -> extras.dedicatedCpus();
            case MEMORY -> memoryBytes;
            case HUGE_PAGES_2M -> extras.huge2mBytes();
            case HUGE_PAGES_1G -> extras.huge1gBytes();
        };
    }

    /**
     * Whether a VM fits beside what is reserved. This is the one rule: placement, the commit of a reservation and the
     * agent that is asked to start a VM all decide by it, so that none of them refuses what another allowed.
     *
     * @return the first dimension that lacks, in the order of {@link Dimension}, or that all fit
     */
    public Fit fits(Reserved reserved, Demand demand) {
        Fit cpus = fits(demand.cpuDimension(), reserved, demand.vcpus());
        return cpus instanceof Fit.Lacks ? cpus : fits(demand.memoryDimension(), reserved, demand.memoryBytes());
    }

    private Fit fits(Dimension dimension, Reserved reserved, long asked) {
        long free = of(dimension) - reserved.of(dimension);
        return Fit.lacking(free, asked) > 0 ? new Fit.Lacks(dimension, free, asked) : Fit.FITS;
    }
}
