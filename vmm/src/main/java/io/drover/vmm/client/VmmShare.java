package io.drover.vmm.client;

import io.drover.proto.vmm.v1.CpuidEntry;
import io.drover.proto.vmm.v1.VmmConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What of its host a machine is given.
 *
 * @param memory
 *            where the guest's memory comes from
 * @param vcpuCpus
 *            the CPU of the host that each vCPU's thread never leaves, in the order of the vCPUs; empty: any
 * @param cpuid
 *            what the guest was shown before, as {@link VmmClient#cpuid} tells it, and is to be shown again; empty: made anew
 */
public record VmmShare(VmmMemory memory, List<Integer> vcpuCpus, List<VmmCpuidEntry> cpuid) {
    public static final VmmShare PLAIN = new VmmShare(VmmMemory.PLAIN, List.of(), List.of());

    public VmmShare {
        Objects.requireNonNull(memory, "memory");
        vcpuCpus = List.copyOf(vcpuCpus);
        cpuid = List.copyOf(cpuid);
    }

    static VmmShare of(VmmConfig config) {
        List<VmmCpuidEntry> cpuid = new ArrayList<>();
        for (CpuidEntry entry : config.getCpuidList()) {
            cpuid.add(VmmCpuidEntry.of(entry));
        }
        return new VmmShare(config.hasMemory() ? VmmMemory.of(config.getMemory()) : VmmMemory.PLAIN,
                config.getVcpuCpusList(), cpuid);
    }

    void addTo(VmmConfig.Builder config) {
        if (!memory.equals(VmmMemory.PLAIN)) {
            config.setMemory(memory.toProto());
        }
        config.addAllVcpuCpus(vcpuCpus);
        for (VmmCpuidEntry entry : cpuid) {
            config.addCpuid(entry.toProto());
        }
    }
}
