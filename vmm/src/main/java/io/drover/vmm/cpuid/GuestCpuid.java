package io.drover.vmm.cpuid;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What one vCPU's CPUID answers: the accelerator's list, with what depends on the vCPU and on the machine filled in (Intel SDM
 * volume 2, CPUID; AMD APM volume 3, appendix E). The machine has one socket, in it one core for each vCPU, each with one thread;
 * the APIC id of a vCPU is its index.
 */
public final class GuestCpuid {
    private static final int FEATURES = 0x1;
    private static final int CACHES = 0x4;
    private static final int TOPOLOGY = 0xB;
    private static final int TOPOLOGY_2 = 0x1F;
    private static final int EXTENDED_FEATURES = 0x8000_0001;
    private static final int MODEL_FIRST = 0x8000_0002;
    private static final int MODEL_LAST = 0x8000_0004;
    private static final int SIZES = 0x8000_0008;
    private static final int AMD_CACHES = 0x8000_001D;
    private static final int AMD_TOPOLOGY = 0x8000_001E;
    private static final int AMD_TOPOLOGY_2 = 0x8000_0026;
    private static final int MODEL_BYTES = 48;

    /** KVM_CPUID_FLAG_SIGNIFCANT_INDEX in asm/kvm.h. */
    private static final int INDEX_MATTERS = 1;

    private static final int ECX_TSC_DEADLINE = 1 << 24;
    private static final int ECX_OSXSAVE = 1 << 27;
    private static final int ECX_HYPERVISOR = 1 << 31;
    private static final int EDX_HTT = 1 << 28;
    private static final int ECX_AMD_CMP_LEGACY = 1 << 1;
    /** EBX of leaf 0: "Auth" of AuthenticAMD and "Hygo" of HygonGenuine. */
    private static final int VENDOR_AMD = 0x6874_7541;
    private static final int VENDOR_HYGON = 0x6F67_7948;
    /** Caches up to this level belong to one core, those above to the socket. */
    private static final int LAST_LEVEL_OF_A_CORE = 2;

    /**
     * How the CPUs that QEMU emulates call themselves. In QEMU 7.2 their SVM does not intercept XSETBV, so that KVM never learns
     * which state its guest uses: leaf 0xD stays as it was, and Linux warns of an "XSAVE consistency problem" (seen with 6.1).
     * There a guest is better off without.
     */
    private static final String MODEL_WITHOUT_XSETBV_INTERCEPT = "QEMU TCG CPU";

    private final int vcpu;
    private final int vcpus;
    private final CpuidOptions options;
    private final boolean amd;
    private final List<FeatureMask> masks = new ArrayList<>();

    private GuestCpuid(List<CpuidEntry> supported, int vcpu, int vcpus, CpuidOptions options) {
        this.vcpu = vcpu;
        this.vcpus = vcpus;
        this.options = options;
        this.amd = supported.stream().anyMatch(
                entry -> entry.function() == 0 && (entry.ebx() == VENDOR_AMD || entry.ebx() == VENDOR_HYGON));
        masks.add(FeatureMask.PERFORMANCE_MONITORING);
        if (options.hostModel().startsWith(MODEL_WITHOUT_XSETBV_INTERCEPT)) {
            masks.add(FeatureMask.EXTENDED_STATE);
        }
    }

    /**
     * The entries of one vCPU.
     *
     * @param supported
     *            the accelerator's
     * @param vcpu
     *            from 0
     * @param vcpus
     *            of the machine, 1 to 254
     */
    public static List<CpuidEntry> of(List<CpuidEntry> supported, int vcpu, int vcpus, CpuidOptions options) {
        if (vcpus < 1 || vcpus > 254 || vcpu < 0 || vcpu >= vcpus) {
            throw new IllegalArgumentException("vcpu : " + vcpu + " of " + vcpus + " (expected: of 1 to 254)");
        }
        return new GuestCpuid(supported, vcpu, vcpus, options).filled(supported);
    }

    private List<CpuidEntry> filled(List<CpuidEntry> supported) {
        List<CpuidEntry> filled = new ArrayList<>();
        boolean secondTopology = false;
        for (CpuidEntry entry : supported) {
            // These are made anew, whole.
            boolean replaced = entry.function() == TOPOLOGY || entry.function() == TOPOLOGY_2
                    || entry.function() == AMD_TOPOLOGY_2
                    || (entry.function() >= MODEL_FIRST && entry.function() <= MODEL_LAST);
            secondTopology |= entry.function() == TOPOLOGY_2;
            if (!replaced) {
                filled.add(filled(entry));
            }
        }
        addTopology(filled, TOPOLOGY);
        if (secondTopology) {
            addTopology(filled, TOPOLOGY_2);
        }
        addModel(filled);
        return List.copyOf(filled);
    }

    private CpuidEntry filled(CpuidEntry supported) {
        CpuidEntry entry = supported;
        for (FeatureMask mask : masks) {
            entry = mask.applyTo(entry);
        }
        return switch (entry.function()) {
            case 0 -> with(entry, atLeast(entry.eax(), TOPOLOGY), entry.ebx(), entry.ecx(), entry.edx());
            case FEATURES -> features(entry);
            case CACHES -> caches(entry, Math.min(maxIds() - 1, 63) << 26);
            case 0x8000_0000 -> with(entry, atLeast(entry.eax(), MODEL_LAST), entry.ebx(), entry.ecx(), entry.edx());
            case EXTENDED_FEATURES -> amd ? extendedFeatures(entry) : entry;
            case SIZES ->
                amd ? with(entry, entry.eax(), entry.ebx(), idBits() << 12 | (vcpus - 1), entry.edx()) : entry;
            case AMD_CACHES -> caches(entry, 0);
            case AMD_TOPOLOGY -> with(entry, vcpu, vcpu, 0, 0);
            default -> entry;
        };
    }

    private CpuidEntry features(CpuidEntry entry) {
        int ebx = (entry.ebx() & 0xFFFF) | (vcpu << 24) | ((maxIds() & 0xFF) << 16);
        // OSXSAVE tells what the guest's kernel has done; the accelerator keeps it.
        int ecx = (entry.ecx() & ~(ECX_OSXSAVE | ECX_TSC_DEADLINE)) | ECX_HYPERVISOR
                | (options.tscDeadlineTimer() ? ECX_TSC_DEADLINE : 0);
        int edx = vcpus > 1 ? entry.edx() | EDX_HTT : entry.edx() & ~EDX_HTT;
        return with(entry, entry.eax(), ebx, ecx, edx);
    }

    private CpuidEntry extendedFeatures(CpuidEntry entry) {
        int ecx = vcpus > 1 ? entry.ecx() | ECX_AMD_CMP_LEGACY : entry.ecx() & ~ECX_AMD_CMP_LEGACY;
        return with(entry, entry.eax(), entry.ebx(), ecx, entry.edx());
    }

    /**
     * Who shares a cache.
     *
     * @param coreIds
     *            what leaf 4 says in the bits above, where AMD's has nothing
     */
    private CpuidEntry caches(CpuidEntry entry, int coreIds) {
        int type = entry.eax() & 0x1F;
        if (type == 0) {
            return entry;
        }
        int level = entry.eax() >> 5 & 7;
        int sharing = level <= LAST_LEVEL_OF_A_CORE ? 0 : maxIds() - 1;
        return with(entry, (entry.eax() & 0x3FFF) | (sharing << 14) | coreIds, entry.ebx(), entry.ecx(), entry.edx());
    }

    /** Threads of a core, cores of the socket, and the end (SDM, leaf 0x0B). */
    private void addTopology(List<CpuidEntry> entries, int function) {
        entries.add(new CpuidEntry(function, 0, INDEX_MATTERS, 0, 1, 1 << 8, vcpu));
        entries.add(new CpuidEntry(function, 1, INDEX_MATTERS, idBits(), vcpus, 2 << 8 | 1, vcpu));
        entries.add(new CpuidEntry(function, 2, INDEX_MATTERS, 0, 0, 2, vcpu));
    }

    private void addModel(List<CpuidEntry> entries) {
        byte[] name = options.hostModel().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer text = ByteBuffer.allocate(MODEL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        // It ends with a NUL.
        text.put(name, 0, Math.min(name.length, MODEL_BYTES - 1)).rewind();
        for (int function = MODEL_FIRST; function <= MODEL_LAST; function++) {
            entries.add(new CpuidEntry(function, 0, 0, text.getInt(), text.getInt(), text.getInt(), text.getInt()));
        }
    }

    /** The number of bits of an APIC id that tell cores apart. */
    private int idBits() {
        return Integer.SIZE - Integer.numberOfLeadingZeros(vcpus - 1);
    }

    /** The APIC ids that are set aside for the socket: the next power of two. */
    private int maxIds() {
        return 1 << idBits();
    }

    private static int atLeast(int value, int least) {
        return Integer.compareUnsigned(value, least) < 0 ? least : value;
    }

    private static CpuidEntry with(CpuidEntry entry, int eax, int ebx, int ecx, int edx) {
        return new CpuidEntry(entry.function(), entry.index(), entry.flags(), eax, ebx, ecx, edx);
    }
}
