package io.drover.vmm.cpuid;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which of CPUID's answers belong to a CPU, and not to a machine, a vCPU or the moment (Intel SDM volume 2, CPUID; AMD APM
 * volume 3, appendix E; Documentation/virt/kvm/x86/cpuid.rst). They are what a CPU model is made of.
 */
final class ModelLeaves {
    static final int FEATURES = 0x1;
    static final int STRUCTURED_FEATURES = 0x7;
    static final int EXTENDED_STATE = 0xD;
    static final int KVM_FEATURES = 0x4000_0001;
    static final int LAST_EXTENDED = 0x8000_0000;
    static final int EXTENDED_FEATURES = 0x8000_0001;
    static final int ADDRESS_SIZES = 0x8000_0008;

    private static final int ANY = -1;
    private static final int EDX_HTT = 1 << 28;
    private static final int ECX_OSXSAVE = 1 << 27;
    private static final int ECX_OSPKE = 1 << 4;
    private static final int ECX_CMP_LEGACY = 1 << 1;
    /** Of leaf 6: the local APIC's timer does not stop. The others are about power, which guests have none of. */
    private static final int EAX_ARAT = 1 << 2;
    /** Bits of a physical and of a linear address. */
    private static final int EAX_SIZES = 0xFFFF;

    private static final List<Kept> KEPT = List.of(
            // How far the leaves go, and who made the CPU.
            new Kept(0, 0, -1, -1, -1, -1),
            new Kept(FEATURES, 0, -1, 0, ~ECX_OSXSAVE, ~EDX_HTT),
            new Kept(0x6, 0, EAX_ARAT, 0, 0, 0),
            new Kept(STRUCTURED_FEATURES, 0, -1, -1, ~ECX_OSPKE, -1),
            new Kept(STRUCTURED_FEATURES, 1, -1, -1, -1, -1),
            new Kept(STRUCTURED_FEATURES, 2, 0, 0, 0, -1),
            // Which parts of the state there are; how large what is enabled is, follows.
            new Kept(EXTENDED_STATE, 0, -1, 0, 0, -1),
            new Kept(EXTENDED_STATE, 1, -1, 0, -1, -1),
            new Kept(EXTENDED_STATE, ANY, -1, -1, -1, 0),
            new Kept(KVM_FEATURES, 0, -1, 0, 0, 0),
            new Kept(LAST_EXTENDED, 0, -1, 0, 0, 0),
            new Kept(EXTENDED_FEATURES, 0, 0, 0, ~ECX_CMP_LEGACY, -1),
            new Kept(ADDRESS_SIZES, 0, EAX_SIZES, -1, 0, 0),
            new Kept(0x8000_0021, 0, -1, 0, 0, 0));

    private ModelLeaves() {}

    /** Of these entries, what belongs to the CPU, in order; leaves that say nothing are left out. */
    static List<CpuidEntry> in(List<CpuidEntry> entries) {
        List<CpuidEntry> leaves = new ArrayList<>();
        for (CpuidEntry entry : entries) {
            for (Kept kept : KEPT) {
                if (kept.concerns(entry)) {
                    CpuidEntry leaf = kept.of(entry);
                    if ((leaf.eax() | leaf.ebx() | leaf.ecx() | leaf.edx()) != 0) {
                        leaves.add(leaf);
                    }
                    break;
                }
            }
        }
        leaves.sort(Comparator.comparing(CpuidEntry::function, Integer::compareUnsigned)
                .thenComparing(CpuidEntry::index, Integer::compareUnsigned));
        return List.copyOf(leaves);
    }

    /** The bits that are kept of a subleaf's registers. */
    private record Kept(int function, int index, int eax, int ebx, int ecx, int edx) {
        boolean concerns(CpuidEntry entry) {
            return entry.function() == function && (index == ANY || index == entry.index());
        }

        CpuidEntry of(CpuidEntry entry) {
            return new CpuidEntry(function, entry.index(), entry.flags(), entry.eax() & eax, entry.ebx() & ebx,
                    entry.ecx() & ecx, entry.edx() & edx);
        }
    }
}
