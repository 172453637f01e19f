package io.drover.vmm.cpuid;

import java.util.ArrayList;
import java.util.List;

/**
 * What a guest is shown by CPUID, for as long as its run lasts: whatever a newer kernel, microcode or VMM would make of its
 * settings, a guest that reboots finds the CPU that it had.
 *
 * @param entries
 *            as {@link GuestCpuid} makes them for vCPU 0
 */
public record GivenCpuid(List<CpuidEntry> entries) {
    private static final int FEATURES = 0x1;
    private static final int TOPOLOGY = 0xB;
    private static final int TOPOLOGY_2 = 0x1F;
    private static final int AMD_TOPOLOGY = 0x8000_001E;
    private static final int APIC_ID_SHIFT = 24;
    private static final int BELOW_APIC_ID = (1 << APIC_ID_SHIFT) - 1;

    public GivenCpuid {
        entries = List.copyOf(entries);
    }

    /**
     * The same for another vCPU, which differs in its APIC id alone.
     *
     * @param vcpu
     *            from 0, less than 255
     */
    public List<CpuidEntry> forVcpu(int vcpu) {
        List<CpuidEntry> its = new ArrayList<>();
        for (CpuidEntry entry : entries) {
            its.add(switch (entry.function()) {
                case FEATURES -> new CpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax(),
                        (entry.ebx() & BELOW_APIC_ID) | (vcpu << APIC_ID_SHIFT), entry.ecx(), entry.edx());
                case TOPOLOGY, TOPOLOGY_2 -> new CpuidEntry(entry.function(), entry.index(), entry.flags(),
                        entry.eax(), entry.ebx(), entry.ecx(), vcpu);
                case AMD_TOPOLOGY -> new CpuidEntry(entry.function(), entry.index(), entry.flags(), vcpu, vcpu,
                        entry.ecx(), entry.edx());
                default -> entry;
            });
        }
        return List.copyOf(its);
    }

    /**
     * In words, what of it a host's CPU has not; nothing when it has all.
     *
     * @param host
     *            as {@link CpuModel#ofHost} has it
     */
    public List<String> lackedBy(List<CpuidEntry> host) {
        return new CpuModel("", ModelLeaves.in(entries)).lackedBy(host);
    }
}
