package io.drover.agent.driver;

import io.drover.vmm.client.VmmCpuidEntry;
import java.util.List;

/**
 * What of its host a machine's process is given.
 *
 * @param pageBytes of the host's pages that the guest's memory is made of: 4 KiB, 2 MiB or 1 GiB
 * @param prefault whether all of the memory is taken before the guest's first instruction
 * @param nodes the NUMA nodes that the memory comes from; empty: any
 * @param vcpuCpus the CPU of the host that each vCPU has to itself; empty: none has
 * @param cpuid what the guest was shown before, in the same run, and is to be shown again; empty: nothing yet
 * @param launcher what is to start the process: its command follows, and keeps the process's id
 */
public record MachineShare(long pageBytes, boolean prefault, List<Integer> nodes, List<Integer> vcpuCpus,
        List<VmmCpuidEntry> cpuid, List<String> launcher) {
    public static final long SMALL_PAGE_BYTES = 4096;
    public static final MachineShare PLAIN = new MachineShare(SMALL_PAGE_BYTES, false, List.of(), List.of(), List.of(),
            List.of());

    public MachineShare {
        nodes = List.copyOf(nodes);
        vcpuCpus = List.copyOf(vcpuCpus);
        cpuid = List.copyOf(cpuid);
        launcher = List.copyOf(launcher);
    }
}
