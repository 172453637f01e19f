package io.drover.scheduler.capacity;

/**
 * What a VM asks of the host that runs it.
 *
 * @param vcpus 1 to {@link #MAX_VCPUS}
 * @param memoryBytes 1 to {@link #MAX_MEMORY_BYTES}
 */
public record Demand(int vcpus, long memoryBytes) {
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
    }
}
