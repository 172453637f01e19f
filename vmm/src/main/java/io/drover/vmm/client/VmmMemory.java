package io.drover.vmm.client;

import io.drover.proto.vmm.v1.MemoryConfig;
import java.util.List;

/**
 * How a guest's memory lies in the host's.
 *
 * @param pageBytes
 *            of the host's pages: 4096, 2 MiB or 1 GiB
 * @param prefault
 *            whether all of it is there before the guest's first instruction
 * @param numaNodes
 *            that it comes from; empty: any
 */
public record VmmMemory(long pageBytes, boolean prefault, List<Integer> numaNodes) {
    public static final long SMALL_PAGE_BYTES = 4096;
    public static final VmmMemory PLAIN = new VmmMemory(SMALL_PAGE_BYTES, false, List.of());

    public VmmMemory {
        numaNodes = List.copyOf(numaNodes);
    }

    static VmmMemory of(MemoryConfig config) {
        return new VmmMemory(config.getPageBytes() == 0 ? SMALL_PAGE_BYTES : config.getPageBytes(),
                config.getPrefault(), config.getNumaNodesList());
    }

    MemoryConfig toProto() {
        return MemoryConfig.newBuilder().setPageBytes(pageBytes).setPrefault(prefault).addAllNumaNodes(numaNodes)
                .build();
    }
}
