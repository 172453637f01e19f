package io.drover.controller.record;

import io.drover.scheduler.capacity.Extras;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * What VMs of a host may ask for beside a share of CPUs and memory.
 *
 * @param setAside huge pages, and CPUs that belong to one VM each
 * @param dedicatedCpuList those CPUs, such as "2-7,12"
 * @param limits whether VMs can have limits of CPU time
 * @param limitsMessage why not; when they can, by which cgroup
 */
public record HostResources(Extras setAside, String dedicatedCpuList, List<NumaNode> numaNodes, boolean limits,
        String limitsMessage) {
    /** Of a host that has said nothing of it. */
    public static final HostResources NONE = new HostResources(Extras.NONE, "", List.of(), false, "");
    static final String LIMITS = "limits";

    /**
     * A NUMA node with memory or CPUs.
     *
     * @param cpuList such as "0-7"
     */
    public record NumaNode(int node, String cpuList, long memoryBytes) {}

    public HostResources {
        Objects.requireNonNull(setAside, "setAside");
        numaNodes = List.copyOf(numaNodes);
    }

    static String node(int number) {
        return "numa_node/" + number;
    }

    /** What is there or not, by the names that {@link Resources#asked} has for it. */
    public Set<String> offered() {
        Set<String> offered = new HashSet<>();
        if (limits) {
            offered.add(LIMITS);
        }
        numaNodes.stream().filter(node -> node.memoryBytes() > 0).forEach(node -> offered.add(node(node.node())));
        return offered;
    }
}
