package io.drover.vmm.cpuid;

import java.util.List;

/** Groups of features that are taken away together, since half of one confuses a kernel. */
final class FeatureMask {
    /** Performance counters: they are not saved and restored. */
    static final FeatureMask PERFORMANCE_MONITORING = new FeatureMask(
            // ECX: PDCM.
            new Bits(0x1, 0, 0, 0, 1 << 15, 0), new Bits(0xA, Bits.ANY, -1, -1, -1, -1),
            // ECX: AMD's counters of the core, the northbridge and the last cache.
            new Bits(0x8000_0001, 0, 0, 0, 1 << 23 | 1 << 24 | 1 << 28, 0),
            new Bits(0x8000_0022, Bits.ANY, -1, -1, -1, -1));

    /** XSAVE, and every feature whose registers only XSAVE saves: AVX and what builds on it, MPX, protection keys. */
    static final FeatureMask EXTENDED_STATE = new FeatureMask(
            // ECX: FMA, XSAVE, OSXSAVE, AVX, F16C.
            new Bits(0x1, 0, 0, 0, 1 << 12 | 1 << 26 | 1 << 27 | 1 << 28 | 1 << 29, 0),
            // EBX: AVX2, MPX, AVX512 F, DQ, IFMA, PF, ER, CD, BW, VL.
            // ECX: AVX512 VBMI, PKU, OSPKE, AVX512 VBMI2, VAES, VPCLMULQDQ, AVX512 VNNI, BITALG, VPOPCNTDQ.
            // EDX: AVX512 4VNNIW, 4FMAPS, VP2INTERSECT, AMX BF16, AVX512 FP16, AMX TILE, INT8.
            new Bits(0x7, 0, 0,
                    1 << 5 | 1 << 14 | 1 << 16 | 1 << 17 | 1 << 21 | 1 << 26 | 1 << 27 | 1 << 28 | 1 << 30 | 1 << 31,
                    1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 14,
                    1 << 2 | 1 << 3 | 1 << 8 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25),
            // EAX: AVX VNNI, AVX512 BF16, AMX FP16, AVX IFMA. EDX: AVX VNNI INT8, NE CONVERT, AMX COMPLEX, AVX VNNI INT16, AVX10.
            new Bits(0x7, 1, 1 << 4 | 1 << 5 | 1 << 21 | 1 << 23, 0, 0, 1 << 4 | 1 << 5 | 1 << 8 | 1 << 10 | 1 << 19),
            new Bits(0xD, Bits.ANY, -1, -1, -1, -1),
            // ECX: XOP, LWP, FMA4.
            new Bits(0x8000_0001, 0, 0, 0, 1 << 11 | 1 << 15 | 1 << 16, 0));

    /** What goes, of one subleaf's four registers. */
    private record Bits(int function, int index, int eax, int ebx, int ecx, int edx) {
        /** Instead of an index: every one. */
        static final int ANY = -1;

        boolean concern(CpuidEntry entry) {
            return entry.function() == function && (index == ANY || entry.index() == index);
        }
    }

    private final List<Bits> masked;

    private FeatureMask(Bits... masked) {
        this.masked = List.of(masked);
    }

    CpuidEntry applyTo(CpuidEntry entry) {
        for (Bits bits : masked) {
            if (bits.concern(entry)) {
                return new CpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax() & ~bits.eax,
                        entry.ebx() & ~bits.ebx, entry.ecx() & ~bits.ecx, entry.edx() & ~bits.edx);
            }
        }
        return entry;
    }
}
