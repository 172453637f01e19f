package io.drover.scheduler.capacity;

/**
 * What the VMs of a host hold together. May be more than the host's capacity: a host may shrink under its VMs.
 *
 * @param vms how many VMs
 * @param vcpus their sum
 * @param memoryBytes their sum
 */
public record Reserved(int vms, long vcpus, long memoryBytes) {
    public static final Reserved NONE = new Reserved(0, 0, 0);

    public Reserved {
        if (vms < 0 || vcpus < 0 || memoryBytes < 0) {
            throw new IllegalArgumentException(
                    "reserved : " + vms + " VMs, " + vcpus + " vCPUs, " + memoryBytes
                            + " bytes (expected: none below 0)");
        }
    }

    /**
     * With one VM more.
     *
     * @throws ArithmeticException beyond 2^63 bytes: two thousand VMs of {@link Demand#MAX_MEMORY_BYTES} on one host
     */
    public Reserved plus(Demand demand) {
        return new Reserved(vms + 1, vcpus + demand.vcpus(), Math.addExact(memoryBytes, demand.memoryBytes()));
    }

    /** With one VM fewer; the opposite of {@link #plus}. */
    public Reserved minus(Demand demand) {
        return new Reserved(vms - 1, vcpus - demand.vcpus(), memoryBytes - demand.memoryBytes());
    }
}
