package io.drover.agent.share;

import io.drover.agent.cgroup.CgroupSettings;
import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineShare;
import io.drover.agent.host.CpuList;
import io.drover.agent.host.HostTopology;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.PageSize;
import io.drover.vmm.client.VmmCpuidEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;

/** What of this host its VMs are given. Safe for all threads. */
public final class HostShares {
    /** Beyond the guest's memory: the VMM itself, passt, page tables and what the kernel keeps for it, caches of small disks. */
    private static final long OVERHEAD_BYTES = 256L << 20;
    /** As that, of a QEMU: the code that it translates guests to may take a GiB. */
    private static final long QEMU_OVERHEAD_BYTES = 1536L << 20;
    private static final int OVERHEAD_SHIFT = 6;
    private static final int PROCESSES = 512;
    private static final int PROCESSES_FOR_A_VCPU = 4;

    private final HostTopology topology;
    private final DedicatedCpus dedicated;
    private final Cgroups.Found cgroups;

    /**
     * Those of a host.
     *
     * @param dedicated CPUs set aside for VMs that have CPUs to themselves
     * @throws IOException when the host has not these CPUs, or would have none left
     */
    public HostShares(HostTopology topology, NavigableSet<Integer> dedicated, Cgroups.Found cgroups)
            throws IOException {
        this.topology = topology;
        this.dedicated = new DedicatedCpus(dedicated, topology);
        this.cgroups = cgroups;
        if (!topology.cpus().containsAll(dedicated) || this.dedicated.shared().isEmpty()) {
            throw new IOException("--dedicated-cpus : " + CpuList.text(dedicated) + " (expected: some of this host's "
                    + CpuList.text(topology.cpus()) + ", with one left at least)");
        }
    }

    public HostTopology topology() {
        return topology;
    }

    /** What is set aside, and counted apart. */
    public Extras setAside() {
        return new Extras(dedicated.cpus().size(), topology.huge2mBytes(), topology.huge1gBytes());
    }

    /** Such as "2-7"; empty when there are none. */
    public String dedicatedCpuList() {
        return CpuList.text(dedicated.cpus());
    }

    /** Whether VMs can have limits, and why not. */
    public Cgroups.Found cgroups() {
        return cgroups;
    }

    /**
     * Looks before anything is written whether this host has what is asked for, as far as no ledger says it.
     *
     * @throws RefusedException DOES_NOT_FIT
     */
    public void check(String vm, ShareOrder order, long memoryBytes) throws RefusedException {
        if (order.limits() && cgroups instanceof Cgroups.Found.Unusable(String why)) {
            throw lacking(vm, "limits of CPU time : not on this host: " + why);
        }
        if (order.node().isPresent() && topology.nodes().stream()
                .noneMatch(node -> node.number() == order.node().getAsInt() && node.memoryBytes() > 0)) {
            throw lacking(vm, "NUMA node : " + order.node().getAsInt() + " (this host has: " + topology.nodes().stream()
                    .map(HostTopology.Node::number).toList() + ")");
        }
        if (order.pages() != PageSize.SMALL) {
            checkPages(vm, order.pages().bytes(), memoryBytes);
        }
    }

    private static void checkPages(String vm, long pageBytes, long memoryBytes) throws RefusedException {
        long wanted = memoryBytes / pageBytes;
        long free;
        try {
            free = HostTopology.freePages(pageBytes);
        } catch (IOException e) {
            throw lacking(vm, "huge pages cannot be counted: " + e.getMessage()).causedBy(e);
        }
        if (free < wanted) {
            throw lacking(vm, "huge pages of " + (pageBytes >> 20) + " MiB : " + wanted + " (free on this host: " + free
                    + ")");
        }
    }

    private static RefusedException lacking(String vm, String what) {
        return new RefusedException(Reason.DOES_NOT_FIT, "vms/" + vm, what, "place the VM on another host");
    }

    /**
     * The CPUs for a VM that has been found to fit.
     *
     * @param taken those of the other VMs
     * @return in the order of its vCPUs; empty when it asks for none
     */
    public List<Integer> allot(ShareOrder order, int vcpus, Collection<Integer> taken) {
        return order.dedicatedCpus() ? dedicated.allot(taken, vcpus, order.node()) : List.of();
    }

    /**
     * What a process is started with, each time anew. Makes its cgroup.
     *
     * @param cpus as {@link #allot} gave them
     * @param cpuid what the guest was shown before, in the same run; empty: nothing yet
     * @throws IOException when its cgroup cannot be made
     */
    public MachineShare give(MachinePlan plan, ShareOrder order, String driver, List<Integer> cpus,
            List<VmmCpuidEntry> cpuid) throws IOException {
        List<String> launcher = new ArrayList<>();
        if (cgroups instanceof Cgroups.Found.Usable(Cgroups usable)) {
            launcher.addAll(usable.enter(plan.identity().uid(), settings(plan, order, driver)));
        }
        if (!dedicated.cpus().isEmpty()) {
            // Whatever is not a vCPU with a CPU to itself keeps off those CPUs.
            launcher.addAll(List.of("taskset", "--cpu-list", CpuList.text(dedicated.shared())));
        }
        return given(order, cpus, cpuid, launcher);
    }

    /** What a process that runs was started with. */
    public MachineShare given(ShareOrder order, List<Integer> cpus) {
        return given(order, cpus, List.of(), List.of());
    }

    private MachineShare given(ShareOrder order, List<Integer> cpus, List<VmmCpuidEntry> cpuid,
            List<String> launcher) {
        List<Integer> nodes = order.nodesOfCpus() ? dedicated.nodesOf(cpus)
                : order.node().stream().boxed().toList();
        return new MachineShare(order.pages().bytes(), order.prefault(), nodes, cpus, cpuid, launcher);
    }

    static CgroupSettings settings(MachinePlan plan, ShareOrder order, String driver) {
        // Huge pages are not part of what memory.max is about.
        long ordinary = order.pages() == PageSize.SMALL ? plan.memoryBytes() : 0;
        long overhead = (driver.equals("qemu") ? QEMU_OVERHEAD_BYTES : OVERHEAD_BYTES)
                + (plan.memoryBytes() >> OVERHEAD_SHIFT);
        return new CgroupSettings(ordinary + overhead, PROCESSES + PROCESSES_FOR_A_VCPU * plan.vcpus(),
                order.cpuLimitMillis(), order.cpuWeight());
    }

    /** Whether a VM that ended was killed for want of memory, for people; empty when not, or this host cannot tell. */
    public Optional<String> outOfMemory(String uid) {
        return cgroups instanceof Cgroups.Found.Usable(Cgroups usable) ? usable.outOfMemory(uid) : Optional.empty();
    }

    /** Removes what is left of VMs that run no more. */
    public void removeAllBut(Set<String> uids) {
        if (cgroups instanceof Cgroups.Found.Usable(Cgroups usable)) {
            usable.removeAllBut(uids);
        }
    }
}
