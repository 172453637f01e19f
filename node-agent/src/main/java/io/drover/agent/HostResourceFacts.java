package io.drover.agent;

import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.host.CpuList;
import io.drover.agent.share.HostShares;
import io.drover.proto.state.v1.HostResources;

/** What VMs may ask of this host beside a share of CPUs and memory, as it is told to the cluster. */
final class HostResourceFacts {
    private HostResourceFacts() {}

    static HostResources of(HostShares shares) {
        HostResources.Builder record = HostResources.newBuilder().setHuge2MBytes(shares.setAside().huge2mBytes())
                .setHuge1GBytes(shares.setAside().huge1gBytes()).setDedicatedCpuList(shares.dedicatedCpuList())
                .setDedicatedCpus(Math.toIntExact(shares.setAside().dedicatedCpus()))
                .setLimits(shares.cgroups() instanceof Cgroups.Found.Usable)
                .setLimitsMessage(shares.cgroups().message());
        shares.topology().nodes().forEach(node -> record.addNumaNodes(HostResources.NumaNode.newBuilder()
                .setNode(node.number()).setCpuList(CpuList.text(node.cpus())).setMemoryBytes(node.memoryBytes())));
        return record.build();
    }
}
