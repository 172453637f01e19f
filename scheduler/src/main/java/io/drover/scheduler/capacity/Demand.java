package io.drover.scheduler.capacity;

import java.util.Objects;

/**
 * What a VM asks of the host that runs it.
 *
 * @param vcpus 1 to {@link #MAX_VCPUS}
 * @param memoryBytes 1 to {@link #MAX_MEMORY_BYTES}
 * @param pages that the memory is made of
 * @param dedicatedCpus whether each vCPU has a CPU of the host to itself: then they count as those, and not as vCPUs
 */
public record Demand(int vcpus, long memoryBytes, PageSize pages, boolean dedicatedCpus) {
    /** Far above what any host offers; it keeps sums far from overflow. */
    public static final int MAX_VCPUS = 1 << 16;

    /** An x86-64 processor addresses at most 52 bits of memory (Intel SDM volume 3A, 4.1.4). */
    public static final long MAX_MEMORY_BYTES = 1L << 52;

    /**
     * Whoever takes a demand from a user checks it against the two limits first.
     *
     * @throws IllegalArgumentException out of range
     */
    public Demand {
        if (vcpus < 1 || vcpus > MAX_VCPUS) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: 1 to " + MAX_VCPUS + ")");
        }
        if (memoryBytes < 1 || memoryBytes > MAX_MEMORY_BYTES) {
            throw new IllegalArgumentException(
                    "memory in bytes : " + memoryBytes + " (expected: 1 to " + MAX_MEMORY_BYTES + ")");
        }
        Objects.requireNonNull(pages, "pages");
    }

    /** Of a VM with ordinary memory and CPUs that it shares with others. */
    public Demand(int vcpus, long memoryBytes) {
        this(vcpus, memoryBytes, PageSize.SMALL, false);
    }

    /** Whether it uses up vCPUs and ordinary memory, and nothing else. */
    boolean isPlain() {
        return !dedicatedCpus && pages == PageSize.SMALL;
    }

    /** What its vCPUs use up. */
    public Dimension cpuDimension() {
        return dedicatedCpus ? Dimension.DEDICATED_CPUS : Dimension.VCPUS;
    }

    /** What its memory uses up. */
    public Dimension memoryDimension() {
        return pages.dimension();
    }

    /** How much of a dimension it uses up; 0: none. */
    public long of(Dimension dimension) {
        if (dimension == cpuDimension()) {
            return vcpus;
        }
        return dimension == memoryDimension() ? memoryBytes : 0;
    }
}
