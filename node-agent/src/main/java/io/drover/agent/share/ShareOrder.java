package io.drover.agent.share;

import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.PageSize;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * What of its host a VM asks for beside a share of CPUs and memory.
 *
 * @param pages that its memory is made of
 * @param prefault whether all of the memory is taken before the guest's first instruction
 * @param node the NUMA node that the memory comes from; empty: see {@code nodesOfCpus}, else any
 * @param nodesOfCpus whether the memory comes from the nodes of its dedicated CPUs
 * @param cpuLimitMillis CPU time, in thousandths of a CPU; 0: any
 * @param cpuWeight 1 to 10,000; 0: the usual
 */
public record ShareOrder(PageSize pages, boolean prefault, OptionalInt node, boolean nodesOfCpus,
        boolean dedicatedCpus, int cpuLimitMillis, int cpuWeight) {
    public ShareOrder {
        Objects.requireNonNull(pages);
        Objects.requireNonNull(node);
        if (cpuLimitMillis < 0 || cpuWeight < 0 || cpuWeight > 10_000) {
            throw new IllegalArgumentException("CPU limit and weight : " + cpuLimitMillis + ", " + cpuWeight
                    + " (expected: 0 or more, and 0 to 10,000)");
        }
    }

    /**
     * As a controller asks.
     *
     * @throws IllegalArgumentException when there can be no such VM
     */
    public static ShareOrder of(StartVmRequest.Resources resources) {
        PageSize pages = resources.getHugePageBytes() == 0 ? PageSize.SMALL
                : PageSize.ofBytes(resources.getHugePageBytes()).orElseThrow(() -> new IllegalArgumentException(
                        "huge_page_bytes : " + resources.getHugePageBytes() + " (expected: 2 MiB, 1 GiB or 0)"));
        return new ShareOrder(pages, resources.getPrefault(),
                resources.hasNumaNode() ? OptionalInt.of(resources.getNumaNode()) : OptionalInt.empty(),
                resources.getNumaAuto(), resources.getDedicatedCpus(), resources.getCpuLimitMillis(),
                resources.getCpuWeight());
    }

    /** What it uses up. */
    public Demand demand(int vcpus, long memoryBytes) {
        return new Demand(vcpus, memoryBytes, pages, dedicatedCpus);
    }

    boolean limits() {
        return cpuLimitMillis > 0 || cpuWeight > 0;
    }
}
