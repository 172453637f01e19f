package io.drover.vmm.machine;

import io.drover.vmm.linux.MappedMemory;
import io.drover.vmm.memory.GuestMemory;
import java.util.List;

/**
 * How a guest's memory lies in the host's.
 *
 * @param pageBytes
 *            of the host's pages: 4 KiB, 2 MiB or 1 GiB
 * @param prefault
 *            whether all of it is there before the guest's first instruction
 * @param nodes
 *            the NUMA nodes that it comes from; empty: any
 */
public record MemorySettings(long pageBytes, boolean prefault, List<Integer> nodes) {
    private static final List<Long> PAGE_SIZES = List.of(GuestMemory.PAGE_BYTES, 2L << 20, 1L << 30);
    public static final MemorySettings PLAIN = new MemorySettings(GuestMemory.PAGE_BYTES, false, List.of());

    /** Refuses values that no host has, with an {@link IllegalArgumentException} for the operator. */
    public MemorySettings {
        if (!PAGE_SIZES.contains(pageBytes)) {
            throw new IllegalArgumentException("page size : " + pageBytes + " bytes (expected: one of " + PAGE_SIZES
                    + ")");
        }
        nodes = List.copyOf(nodes);
        for (int node : nodes) {
            if (node < 0 || node > MappedMemory.MAX_NODE) {
                throw new IllegalArgumentException("NUMA node : " + node + " (expected: 0 to " + MappedMemory.MAX_NODE
                        + ")");
            }
        }
    }

    boolean hugePages() {
        return pageBytes > GuestMemory.PAGE_BYTES;
    }

    /**
     * Whether memory is to be there early. Huge pages are counted for the host as a whole: that a node has none left shows only
     * when one is touched, which ends the process. So they are touched while that can still be told.
     */
    boolean isPrefaulted() {
        return prefault || (hugePages() && !nodes.isEmpty());
    }

    /** Refuses a machine's memory that is not whole pages. */
    void check(long memoryBytes) {
        if (memoryBytes % pageBytes != 0) {
            throw new IllegalArgumentException("memory : " + memoryBytes + " bytes (expected: whole pages of "
                    + pageBytes + ")");
        }
    }
}
