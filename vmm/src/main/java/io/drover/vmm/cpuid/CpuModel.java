package io.drover.vmm.cpuid;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A CPU that guests see on whatever host: of its leaves nothing is taken from the host they run on.
 *
 * @param name
 *            shown to the guest as part of the CPU's name
 * @param leaves
 *            as {@link #ofHost} has them, or what several hosts have in common
 */
public record CpuModel(String name, List<CpuidEntry> leaves) {
    private static final String NAME_PREFIX = "Drover ";
    /** KVM_CPUID_FLAG_SIGNIFCANT_INDEX in asm/kvm.h. */
    private static final int INDEX_MATTERS = 1;
    private static final int FIRST_COMPONENT = 2;
    /** Of the XSAVE area: x87 and SSE state and the header. */
    private static final int LEGACY_AND_HEADER_BYTES = 576;
    /** EBX of leaf 1: CLFLUSH flushes 64 bytes. */
    private static final int EBX_CLFLUSH_64 = 8 << 8;
    private static final int ECX_TSC_DEADLINE = 1 << 24;
    private static final int ECX_TOPOLOGY_EXTENSIONS = 1 << 22;
    private static final int KVM_SIGNATURE = 0x4000_0000;
    private static final int AMD_TOPOLOGY = 0x8000_001E;
    /** EBX of leaf 0: "Genu" of GenuineIntel. */
    private static final int VENDOR_INTEL = 0x756E_6547;

    public CpuModel {
        Objects.requireNonNull(name, "name");
        leaves = List.copyOf(leaves);
    }

    /**
     * What a guest on this host is shown without a model, as far as it belongs to the CPU.
     *
     * @param supported
     *            the accelerator's
     */
    public static List<CpuidEntry> ofHost(List<CpuidEntry> supported, CpuidOptions options) {
        return ModelLeaves.in(GuestCpuid.of(supported, 0, 1, options));
    }

    /**
     * In words, what of this model a host's CPU has not; nothing when it has all.
     *
     * @param host
     *            as {@link #ofHost} has it
     */
    public List<String> lackedBy(List<CpuidEntry> host) {
        List<String> lacking = new ArrayList<>();
        for (CpuidEntry wanted : leaves) {
            CpuidEntry has = find(host, wanted.function(), wanted.index());
            boolean first = wanted.index() == 0;
            switch (wanted.function()) {
                case 0 -> {
                    atLeast(lacking, wanted, "EAX", wanted.eax(), has.eax());
                    equal(lacking, wanted, "EBX", wanted.ebx(), has.ebx());
                    equal(lacking, wanted, "ECX", wanted.ecx(), has.ecx());
                    equal(lacking, wanted, "EDX", wanted.edx(), has.edx());
                }
                case ModelLeaves.LAST_EXTENDED -> atLeast(lacking, wanted, "EAX", wanted.eax(), has.eax());
                case ModelLeaves.ADDRESS_SIZES -> {
                    atLeast(lacking, wanted, "AL", wanted.eax() & 0xFF, has.eax() & 0xFF);
                    atLeast(lacking, wanted, "AH", wanted.eax() >>> 8, has.eax() >>> 8);
                    contained(lacking, wanted, "EBX", wanted.ebx(), has.ebx());
                }
                default -> {
                    boolean layout = wanted.function() == ModelLeaves.EXTENDED_STATE
                            && wanted.index() >= FIRST_COMPONENT;
                    if (layout) {
                        equal(lacking, wanted, "EAX", wanted.eax(), has.eax());
                        equal(lacking, wanted, "EBX", wanted.ebx(), has.ebx());
                        equal(lacking, wanted, "ECX", wanted.ecx(), has.ecx());
                    } else {
                        if (first && wanted.function() == ModelLeaves.STRUCTURED_FEATURES) {
                            atLeast(lacking, wanted, "EAX", wanted.eax(), has.eax());
                        } else if (wanted.function() != ModelLeaves.FEATURES) {
                            // Of leaf 1 it says which generation the CPU is of, which KVM shows as it is told.
                            contained(lacking, wanted, "EAX", wanted.eax(), has.eax());
                        }
                        contained(lacking, wanted, "EBX", wanted.ebx(), has.ebx());
                        contained(lacking, wanted, "ECX", wanted.ecx(), has.ecx());
                        contained(lacking, wanted, "EDX", wanted.edx(), has.edx());
                    }
                }
            }
        }
        return lacking;
    }

    private static void atLeast(List<String> lacking, CpuidEntry leaf, String register, int wanted, int has) {
        if (Integer.compareUnsigned(has, wanted) < 0) {
            lacking.add(place(leaf, register) + " : 0x" + Integer.toHexString(has) + " (expected: at least 0x"
                    + Integer.toHexString(wanted) + ")");
        }
    }

    private static void equal(List<String> lacking, CpuidEntry leaf, String register, int wanted, int has) {
        if (has != wanted) {
            lacking.add(place(leaf, register) + " : 0x" + Integer.toHexString(has) + " (expected: 0x"
                    + Integer.toHexString(wanted) + ")");
        }
    }

    private static void contained(List<String> lacking, CpuidEntry leaf, String register, int wanted, int has) {
        if ((wanted & ~has) != 0) {
            lacking.add(place(leaf, register) + " lacks 0x" + Integer.toHexString(wanted & ~has));
        }
    }

    private static String place(CpuidEntry leaf, String register) {
        return "CPUID " + Integer.toHexString(leaf.function()) + "." + Integer.toHexString(leaf.index()) + " "
                + register;
    }

    /** For {@link GuestCpuid#of}, in place of the host's. */
    public CpuidOptions options() {
        return new CpuidOptions((find(leaves, ModelLeaves.FEATURES, 0).ecx() & ECX_TSC_DEADLINE) != 0,
                NAME_PREFIX + name);
    }

    /**
     * For {@link GuestCpuid#of}, in place of the accelerator's list: the model's leaves, and what every CPU has, such as caches,
     * the same on all hosts.
     */
    public List<CpuidEntry> entries() {
        List<CpuidEntry> entries = new ArrayList<>();
        for (CpuidEntry leaf : leaves) {
            entries.add(switch (leaf.function()) {
                case ModelLeaves.FEATURES -> new CpuidEntry(leaf.function(), 0, 0, leaf.eax(), EBX_CLFLUSH_64,
                        leaf.ecx(), leaf.edx());
                case ModelLeaves.STRUCTURED_FEATURES -> new CpuidEntry(leaf.function(), leaf.index(), INDEX_MATTERS,
                        leaf.eax(), leaf.ebx(), leaf.ecx(), leaf.edx());
                case ModelLeaves.EXTENDED_STATE -> new CpuidEntry(leaf.function(), leaf.index(), INDEX_MATTERS,
                        leaf.eax(), leaf.index() == 0 ? LEGACY_AND_HEADER_BYTES : leaf.ebx(),
                        leaf.index() == 0 ? areaBytes(leaf.eax()) : leaf.ecx(), leaf.edx());
                default -> new CpuidEntry(leaf.function(), 0, 0, leaf.eax(), leaf.ebx(), leaf.ecx(), leaf.edx());
            });
        }
        // "KVMKVMKVM", and where its leaves end.
        entries.add(new CpuidEntry(KVM_SIGNATURE, 0, 0, ModelLeaves.KVM_FEATURES, 0x4B4D_564B, 0x564B_4D56, 0x4D));
        if (find(leaves, 0, 0).ebx() == VENDOR_INTEL) {
            entries.addAll(ModelCaches.ofIntel());
        } else {
            boolean extended = (find(leaves, ModelLeaves.EXTENDED_FEATURES, 0).ecx() & ECX_TOPOLOGY_EXTENSIONS) != 0;
            entries.addAll(ModelCaches.ofAmd(extended));
            if (extended) {
                entries.add(new CpuidEntry(AMD_TOPOLOGY, 0, 0, 0, 0, 0, 0));
            }
        }
        return List.copyOf(entries);
    }

    /** Of an XSAVE area with all these parts, each where its leaf says. */
    private int areaBytes(int components) {
        int bytes = LEGACY_AND_HEADER_BYTES;
        for (CpuidEntry leaf : leaves) {
            if (leaf.function() == ModelLeaves.EXTENDED_STATE && leaf.index() >= FIRST_COMPONENT
                    && leaf.index() < Integer.SIZE && (components & 1 << leaf.index()) != 0) {
                bytes = Math.max(bytes, leaf.ebx() + leaf.eax());
            }
        }
        return bytes;
    }

    private static CpuidEntry find(List<CpuidEntry> entries, int function, int index) {
        for (CpuidEntry entry : entries) {
            if (entry.function() == function && entry.index() == index) {
                return entry;
            }
        }
        return new CpuidEntry(function, index, 0, 0, 0, 0, 0);
    }
}
