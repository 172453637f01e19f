package io.drover.controller.store;

import io.drover.controller.record.HostResources;
import io.drover.controller.record.Resources;
import io.drover.controller.record.Resources.Numa;
import io.drover.proto.state.v1.VmSpec;
import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.PageSize;

/** What VMs are given of hosts, and what hosts have of it, as they are in ZooKeeper. */
final class ResourcesCodec {
    private ResourcesCodec() {}

    static VmSpec.Resources encode(Resources resources) {
        VmSpec.Resources.Builder record = VmSpec.Resources.newBuilder().setPrefault(resources.prefault())
                .setDedicatedCpus(resources.dedicatedCpus()).setCpuLimitMillis(resources.cpuLimitMillis())
                .setCpuWeight(resources.cpuWeight())
                .setHugePageBytes(resources.pages() == PageSize.SMALL ? 0 : resources.pages().bytes());
        switch (resources.numa()) {
            case Numa.Any _ -> {
                // Nothing is said then.
            }
            case Numa.Node(int number) -> record.setNumaNode(number);
            case Numa.OfCpus _ -> record.setNumaAuto(true);
        }
        return record.build();
    }

    static Resources decode(VmSpec.Resources record) {
        PageSize pages = record.getHugePageBytes() == 0 ? PageSize.SMALL
                : PageSize.ofBytes(record.getHugePageBytes()).orElseThrow(
                        () -> new IllegalArgumentException("huge page bytes : " + record.getHugePageBytes()));
        Numa numa = record.getNumaAuto() ? new Numa.OfCpus()
                : record.hasNumaNode() ? new Numa.Node(record.getNumaNode()) : new Numa.Any();
        return new Resources(pages, record.getPrefault(), numa, record.getDedicatedCpus(),
                record.getCpuLimitMillis(), record.getCpuWeight());
    }

    static io.drover.proto.state.v1.HostResources encode(HostResources resources) {
        io.drover.proto.state.v1.HostResources.Builder record = io.drover.proto.state.v1.HostResources.newBuilder()
                .setHuge2MBytes(resources.setAside().huge2mBytes()).setHuge1GBytes(resources.setAside().huge1gBytes())
                .setDedicatedCpus(Math.toIntExact(resources.setAside().dedicatedCpus()))
                .setDedicatedCpuList(resources.dedicatedCpuList()).setLimits(resources.limits())
                .setLimitsMessage(resources.limitsMessage());
        resources.numaNodes().forEach(
                node -> record.addNumaNodes(io.drover.proto.state.v1.HostResources.NumaNode.newBuilder()
                        .setNode(node.node()).setCpuList(node.cpuList()).setMemoryBytes(node.memoryBytes())));
        return record.build();
    }

    static HostResources decode(io.drover.proto.state.v1.HostResources record) {
        return new HostResources(
                new Extras(record.getDedicatedCpus(), record.getHuge2MBytes(), record.getHuge1GBytes()),
                record.getDedicatedCpuList(),
                record.getNumaNodesList().stream()
                        .map(node -> new HostResources.NumaNode(node.getNode(), node.getCpuList(),
                                node.getMemoryBytes()))
                        .toList(),
                record.getLimits(), record.getLimitsMessage());
    }
}
