package io.drover.scheduler.capacity;

import java.util.Objects;

/**
 * What the VMs of a host hold together. May be more than the host's capacity: a host may shrink under its VMs.
 *
 * @param vms how many VMs
 * @param vcpus their sum
 * @param memoryBytes their sum, of ordinary memory
 * @param extras the sums of what is counted apart from those
 */
public record Reserved(int vms, long vcpus, long memoryBytes, Extras extras) {
    public static final Reserved NONE = new Reserved(0, 0, 0);

    public Reserved {
        if (vms < 0 || vcpus < 0 || memoryBytes < 0) {
            throw new IllegalArgumentException(
                    "reserved : " + vms + " VMs, " + vcpus + " vCPUs, " + memoryBytes
                            + " bytes (expected: none below 0)");
        }
        Objects.requireNonNull(extras, "extras");
    }

    /** Of VMs that use up vCPUs and ordinary memory, and nothing else. */
    public Reserved(int vms, long vcpus, long memoryBytes) {
        this(vms, vcpus, memoryBytes, Extras.NONE);
    }

    /** How much of a dimension they hold. */
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
     * With one VM more.
     *
     * @throws ArithmeticException beyond 2^63 bytes: two thousand VMs of {@link Demand#MAX_MEMORY_BYTES} on one host
     */
    public Reserved plus(Demand demand) {
        return new Reserved(vms + 1, vcpus + demand.of(Dimension.VCPUS),
                Math.addExact(memoryBytes, demand.of(Dimension.MEMORY)), extras.plus(demand));
    }

    /** With one VM fewer; the opposite of {@link #plus}. */
    public Reserved minus(Demand demand) {
        return new Reserved(vms - 1, vcpus - demand.of(Dimension.VCPUS), memoryBytes - demand.of(Dimension.MEMORY),
                extras.minus(demand));
    }
}
