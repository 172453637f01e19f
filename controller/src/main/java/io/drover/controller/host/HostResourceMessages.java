package io.drover.controller.host;

import io.drover.controller.record.HostResources;
import io.drover.controller.record.Vm;
import io.drover.scheduler.capacity.PageSize;
import java.util.List;

/** What VMs of a host may ask for beside a share of CPUs and memory, in the public API. */
final class HostResourceMessages {
    private HostResourceMessages() {}

    /**
     * With what of it is taken.
     *
     * @param owned by the host
     */
    static io.drover.proto.v1.HostResources of(HostResources resources, List<Vm> owned) {
        io.drover.proto.v1.HostResources.Builder message = io.drover.proto.v1.HostResources.newBuilder()
                .setDedicatedCpuList(resources.dedicatedCpuList())
                .setDedicatedCpus(Math.toIntExact(resources.setAside().dedicatedCpus()))
                .setReservedDedicatedCpus(owned.stream().map(Vm::spec)
                        .filter(spec -> spec.resources().dedicatedCpus()).mapToInt(spec -> spec.vcpus()).sum())
                .setLimits(resources.limits()).setLimitsMessage(resources.limitsMessage());
        addPages(message, PageSize.HUGE_2M, resources.setAside().huge2mBytes(), owned);
        addPages(message, PageSize.HUGE_1G, resources.setAside().huge1gBytes(), owned);
        resources.numaNodes().forEach(node -> message.addNumaNodes(
                io.drover.proto.v1.HostResources.NumaNode.newBuilder().setNode(node.node())
                        .setCpuList(node.cpuList()).setMemoryBytes(node.memoryBytes())));
        return message.build();
    }

    /** What VMs hold of ordinary memory. */
    static long ordinaryBytes(List<Vm> owned) {
        return memoryBytes(owned, PageSize.SMALL);
    }

    /** What VMs hold of vCPUs that share the host's CPUs. */
    static int sharedVcpus(List<Vm> owned) {
        return owned.stream().map(Vm::spec).filter(spec -> !spec.resources().dedicatedCpus())
                .mapToInt(spec -> spec.vcpus()).sum();
    }

    private static long memoryBytes(List<Vm> owned, PageSize pages) {
        return owned.stream().map(Vm::spec).filter(spec -> spec.resources().pages() == pages)
                .mapToLong(spec -> spec.memoryBytes()).sum();
    }

    private static void addPages(io.drover.proto.v1.HostResources.Builder message, PageSize pages, long totalBytes,
            List<Vm> owned) {
        long reserved = memoryBytes(owned, pages);
        if (totalBytes > 0 || reserved > 0) {
            message.addHugePages(io.drover.proto.v1.HostResources.HugePages.newBuilder().setPageBytes(pages.bytes())
                    .setTotalBytes(totalBytes).setReservedBytes(reserved));
        }
    }
}
