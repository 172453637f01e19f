package io.drover.controller.record;

import io.drover.scheduler.capacity.PageSize;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * What of its host a VM is given beside a share of CPUs and memory.
 *
 * @param pages that its memory is made of
 * @param prefault whether all of the memory is taken before the guest's first instruction
 * @param dedicatedCpus whether each vCPU has a CPU of the host to itself
 * @param cpuLimitMillis the CPU time that it may take, in thousandths of a CPU; 0: any
 * @param cpuWeight its share where VMs compete; 0: the usual
 */
public record Resources(PageSize pages, boolean prefault, Numa numa, boolean dedicatedCpus, int cpuLimitMillis,
        int cpuWeight) {
    public static final Resources NONE = new Resources(PageSize.SMALL, false, new Numa.Any(), false, 0, 0);

    /** Which NUMA nodes the memory comes from. */
    public sealed interface Numa {
        record Any() implements Numa {}

        /** This one and no other. */
        record Node(int number) implements Numa {}

        /** Those of the dedicated CPUs. */
        record OfCpus() implements Numa {}
    }

    public Resources {
        Objects.requireNonNull(pages, "pages");
        Objects.requireNonNull(numa, "numa");
    }

    /** What a host must have for it, as hosts name it. */
    public Set<String> asked() {
        Set<String> asked = new HashSet<>();
        if (cpuLimitMillis > 0 || cpuWeight > 0) {
            asked.add(HostResources.LIMITS);
        }
        if (numa instanceof Numa.Node(int number)) {
            asked.add(HostResources.node(number));
        }
        return asked;
    }
}
