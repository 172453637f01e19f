package io.drover.scheduler.capacity;

/**
 * Amounts of what most hosts have none of, and most VMs use none of.
 *
 * @param dedicatedCpus CPUs that belong to one VM each
 * @param huge2mBytes memory in pages of 2 MiB
 * @param huge1gBytes memory in pages of 1 GiB
 */
public record Extras(long dedicatedCpus, long huge2mBytes, long huge1gBytes) {
    public static final Extras NONE = new Extras(0, 0, 0);

    /**
     * Checks the amounts.
     *
     * @throws IllegalArgumentException below 0
     */
    public Extras {
        if (dedicatedCpus < 0 || huge2mBytes < 0 || huge1gBytes < 0) {
            throw new IllegalArgumentException("extras : " + dedicatedCpus + " CPUs, " + huge2mBytes + " and "
                    + huge1gBytes + " bytes in huge pages (expected: none below 0)");
        }
    }

    /** With what a VM asks for. */
    Extras plus(Demand demand) {
        return demand.isPlain() ? this
                : new Extras(dedicatedCpus + demand.of(Dimension.DEDICATED_CPUS),
                        Math.addExact(huge2mBytes, demand.of(Dimension.HUGE_PAGES_2M)),
                        Math.addExact(huge1gBytes, demand.of(Dimension.HUGE_PAGES_1G)));
    }

    /** The opposite of {@link #plus}. */
    Extras minus(Demand demand) {
        return demand.isPlain() ? this
                : new Extras(dedicatedCpus - demand.of(Dimension.DEDICATED_CPUS),
                        huge2mBytes - demand.of(Dimension.HUGE_PAGES_2M),
                        huge1gBytes - demand.of(Dimension.HUGE_PAGES_1G));
    }
}
