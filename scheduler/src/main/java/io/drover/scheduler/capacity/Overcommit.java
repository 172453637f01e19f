package io.drover.scheduler.capacity;

/**
 * How much more a host promises to its VMs than it has.
 *
 * @param vcpus vCPUs for each logical CPU; above 0, at most {@link #MAX}
 * @param memory bytes for each byte that the host can spare; above 0, at most {@link #MAX}
 */
public record Overcommit(double vcpus, double memory) {
    public static final double MAX = 1_000;

    /** Promise what is there and no more. */
    public static final Overcommit NONE = new Overcommit(1, 1);

    /**
     * Checks both ratios.
     *
     * @throws IllegalArgumentException out of range, or not a number
     */
    public Overcommit {
        check("vCPU", vcpus);
        check("memory", memory);
    }

    private static void check(String what, double ratio) {
        if (!(ratio > 0 && ratio <= MAX)) {
            throw new IllegalArgumentException(
                    what + " overcommit : " + ratio + " (expected: above 0, at most " + MAX + ")");
        }
    }
}
