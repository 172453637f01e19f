package io.drover.scheduler.cpu;

import io.drover.scheduler.cpu.CpuidLeaf.Register;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/**
 * What a CPU shows a guest, of what belongs to the CPU and not to a machine or a vCPU; or what several have in common.
 *
 * @param leaves in order, each once; those that say nothing are left out
 */
public record Cpu(List<CpuidLeaf> leaves) {
    public Cpu {
        List<CpuidLeaf> sorted = new ArrayList<>(leaves);
        sorted.removeIf(CpuidLeaf::isSilent);
        sorted.sort(CpuidLeaf.BY_PLACE);
        for (int i = 1; i < sorted.size(); i++) {
            if (CpuidLeaf.BY_PLACE.compare(sorted.get(i - 1), sorted.get(i)) == 0) {
                throw new IllegalArgumentException("CPUID leaf 0x" + Integer.toHexString(sorted.get(i).function()) + "."
                        + sorted.get(i).index() + " : twice (expected: once)");
            }
        }
        leaves = List.copyOf(sorted);
    }

    /** What two CPUs make together. */
    public sealed interface Meeting {
        /** A CPU that both can show. */
        record Common(Cpu cpu) implements Meeting {}

        /**
         * There is no such CPU.
         *
         * @param why for people, of "the one" and "the other"
         */
        record Apart(String why) implements Meeting {}
    }

    /**
     * The most that both can show. The order does not matter.
     */
    public Meeting meet(Cpu other) {
        if (!vendor().equals(other.vendor())) {
            List<String> vendors = List.copyOf(new TreeSet<>(List.of(vendor(), other.vendor())));
            return new Meeting.Apart("one CPU is of " + vendors.getFirst() + ", another of " + vendors.getLast());
        }
        List<CpuidLeaf> common = new ArrayList<>();
        for (CpuidLeaf leaf : leaves) {
            CpuidLeaf there = other.leaf(leaf.function(), leaf.index());
            boolean layout = leaf.function() == Rule.EXTENDED_STATE && leaf.index() >= Rule.FIRST_COMPONENT;
            if (layout && !there.isSilent() && !there.equals(leaf)) {
                return new Meeting.Apart("their CPUs keep part " + leaf.index()
                        + " of the extended state at different places");
            }
            common.add(new CpuidLeaf(leaf.function(), leaf.index(), common(leaf, there, Register.EAX),
                    common(leaf, there, Register.EBX), common(leaf, there, Register.ECX),
                    common(leaf, there, Register.EDX)));
        }
        return new Meeting.Common(new Cpu(common));
    }

    private static int common(CpuidLeaf one, CpuidLeaf other, Register register) {
        return Rule.of(one.function(), one.index(), register).common(one.register(register),
                other.register(register));
    }

    /**
     * The same without what a guest could not take along to another host, whatever that host has: nested virtualization, SGX,
     * tracing, the TSC's rate, and what only says that a model-specific register tells more, as its value is the host's.
     */
    public Cpu movable() {
        List<CpuidLeaf> kept = new ArrayList<>();
        for (CpuidLeaf leaf : leaves) {
            kept.add(switch (leaf.function()) {
                // VMX.
                case 0x1 -> without(leaf, 0, 0, 1 << 5, 0);
                case 0x7 -> switch (leaf.index()) {
                    // SGX, PT; SGX_LC; ARCH_CAPABILITIES, CORE_CAPABILITIES.
                    case 0 -> without(leaf, 0, 1 << 2 | 1 << 25, 1 << 30, 1 << 29 | 1 << 30);
                    // AVX10, whose version is in a leaf of its own.
                    case 1 -> without(leaf, 0, 0, 0, 1 << 19);
                    default -> leaf;
                };
                // SVM.
                case 0x8000_0001 -> without(leaf, 0, 0, 1 << 2, 0);
                default -> leaf;
            });
        }
        return new Cpu(kept);
    }

    private static CpuidLeaf without(CpuidLeaf leaf, int eax, int ebx, int ecx, int edx) {
        return new CpuidLeaf(leaf.function(), leaf.index(), leaf.eax() & ~eax, leaf.ebx() & ~ebx, leaf.ecx() & ~ecx,
                leaf.edx() & ~edx);
    }

    /** Whether this CPU can show a guest all of another. */
    public boolean has(Cpu wanted) {
        return wanted.leaves.stream().allMatch(leaf -> {
            CpuidLeaf here = leaf(leaf.function(), leaf.index());
            for (Register register : Register.values()) {
                if (!Rule.of(leaf.function(), leaf.index(), register).has(here.register(register),
                        leaf.register(register))) {
                    return false;
                }
            }
            return true;
        });
    }

    /** In words, what of another this CPU lacks: features by name, or another reason; empty when it {@link #has} all. */
    public List<String> lacks(Cpu wanted) {
        List<String> lacking = new ArrayList<>();
        if (!vendor().equals(wanted.vendor())) {
            lacking.add("a CPU of " + wanted.vendor() + " (it is of " + vendor() + ")");
        }
        TreeSet<String> missing = new TreeSet<>(wanted.features());
        missing.removeAll(features());
        lacking.addAll(missing);
        if (lacking.isEmpty() && !has(wanted)) {
            lacking.add("as much of what no feature says, such as bits of an address");
        }
        return lacking;
    }

    /** As the CPU calls itself, such as {@code GenuineIntel}; empty when it does not. */
    public String vendor() {
        CpuidLeaf leaf = leaf(0, 0);
        StringBuilder vendor = new StringBuilder();
        for (int register : List.of(leaf.ebx(), leaf.edx(), leaf.ecx())) {
            for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                vendor.append((char) (register >>> shift & 0xFF));
            }
        }
        return vendor.toString().replace("\0", "");
    }

    public int family() {
        return Signature.of(leaf(1, 0).eax()).family();
    }

    public int model() {
        return Signature.of(leaf(1, 0).eax()).model();
    }

    public int stepping() {
        return Signature.of(leaf(1, 0).eax()).stepping();
    }

    /** What it has, as /proc/cpuinfo names it where it does, sorted. */
    public List<String> features() {
        TreeSet<String> names = new TreeSet<>();
        for (CpuidLeaf leaf : leaves) {
            for (Register register : Register.values()) {
                if (Rule.of(leaf.function(), leaf.index(), register) == Rule.FEATURES) {
                    for (int bit = 0; bit < Integer.SIZE; bit++) {
                        if ((leaf.register(register) & 1 << bit) != 0) {
                            names.add(FeatureNames.of(leaf.function(), leaf.index(), register, bit));
                        }
                    }
                }
            }
        }
        return List.copyOf(names);
    }

    private CpuidLeaf leaf(int function, int index) {
        int at = Collections.binarySearch(leaves, CpuidLeaf.silent(function, index), CpuidLeaf.BY_PLACE);
        return at < 0 ? CpuidLeaf.silent(function, index) : leaves.get(at);
    }
}
