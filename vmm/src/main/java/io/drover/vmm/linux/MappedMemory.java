package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collection;

/** madvise(2) and mbind(2), on memory that {@link FileHandle#map} mapped. */
public final class MappedMemory {
    /** The highest NUMA node there can be on x86-64 (CONFIG_NODES_SHIFT is 10 at most). */
    public static final int MAX_NODE = 1023;
    /** sys/mman.h. */
    private static final long MADV_HUGEPAGE = 14;
    private static final long MADV_POPULATE_WRITE = 23;
    /** linux/mempolicy.h. */
    private static final long MPOL_BIND = 2;

    private MappedMemory() {}

    /**
     * MADV_HUGEPAGE: asks for pages of 2 MiB. Of a memfd they come where the host's
     * /sys/kernel/mm/transparent_hugepage/shmem_enabled says "advise" or more; anywhere else this changes nothing.
     */
    public static void adviseHugePages(MemorySegment mapped) {
        SystemCall.invoke(SystemCall.MADVISE, mapped.address(), mapped.byteSize(), MADV_HUGEPAGE);
    }

    /**
     * MADV_POPULATE_WRITE: has all pages be there, as if each had been written to; what is in them stays. Since Linux 5.14.
     *
     * @param part
     *            whole pages of what is mapped
     * @throws SystemCallException
     *             EFAULT or ENOMEM when there is not enough memory; a part may be there then
     */
    public static void populate(MemorySegment part) throws SystemCallException {
        long result;
        do {
            result = SystemCall.invoke(SystemCall.MADVISE, part.address(), part.byteSize(), MADV_POPULATE_WRITE);
        } while (result == -Errno.EINTR || result == -Errno.EAGAIN);
        if (result < 0) {
            throw new SystemCallException("madvise", "MADV_POPULATE_WRITE, " + part.byteSize() + " bytes",
                    (int) -result);
        }
    }

    /**
     * MPOL_BIND: pages that are not there yet will come from these NUMA nodes only.
     *
     * @param nodes
     *            some of 0 to {@link #MAX_NODE}
     * @throws SystemCallException
     *             EINVAL when there is no such node
     */
    public static void bind(MemorySegment mapped, Collection<Integer> nodes) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            long bits = MAX_NODE + 1;
            MemorySegment mask = arena.allocate(bits / Byte.SIZE, Long.BYTES);
            for (int node : nodes) {
                long word = (long) (node / Long.SIZE) * Long.BYTES;
                mask.set(ValueLayout.JAVA_LONG, word,
                        mask.get(ValueLayout.JAVA_LONG, word) | (1L << (node % Long.SIZE)));
            }
            // The kernel takes one bit off the number that it is told.
            long result = SystemCall.invoke(SystemCall.MBIND, mapped.address(), mapped.byteSize(), MPOL_BIND,
                    mask.address(), bits + 1, 0);
            if (result < 0) {
                throw new SystemCallException("mbind", "MPOL_BIND to nodes " + nodes, (int) -result);
            }
        }
    }
}
