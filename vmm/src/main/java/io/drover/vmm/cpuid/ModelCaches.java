package io.drover.vmm.cpuid;

import java.util.ArrayList;
import java.util.List;

/**
 * The caches that every CPU model shows, whatever the host has: 32 KiB of each kind at level 1, 1 MiB at level 2, 16 MiB at level
 * 3, in lines of 64 bytes. A kernel only tunes by them.
 */
final class ModelCaches {
    private static final int INDEX_MATTERS = 1;
    private static final int DATA = 1;
    private static final int INSTRUCTIONS = 2;
    private static final int BOTH = 3;
    private static final int SELF_INITIALIZING = 1 << 8;
    private static final int LINE_BYTES = 64;
    /** Of leaf 2: look at leaf 4 (SDM, table 3-12). */
    private static final int SEE_LEAF_4 = 0xFF01;

    /** AMD's code for 16 ways (APM volume 3, appendix E, "Associativity"). */
    private static final int WAYS_16 = 8;

    private ModelCaches() {}

    static List<CpuidEntry> ofIntel() {
        List<CpuidEntry> entries = new ArrayList<>(levels(0x4));
        entries.add(new CpuidEntry(0x2, 0, 0, SEE_LEAF_4, 0, 0, 0));
        return entries;
    }

    /**
     * Those of AMD.
     *
     * @param extended
     *            whether the CPU has the leaf that says it in Intel's way too
     */
    static List<CpuidEntry> ofAmd(boolean extended) {
        List<CpuidEntry> entries = new ArrayList<>(extended ? levels(0x8000_001D) : List.of());
        int level1 = 32 << 24 | 8 << 16 | 1 << 8 | LINE_BYTES;
        entries.add(new CpuidEntry(0x8000_0005, 0, 0, 0, 0, level1, level1));
        entries.add(new CpuidEntry(0x8000_0006, 0, 0, 0, 0, 1024 << 16 | WAYS_16 << 12 | 1 << 8 | LINE_BYTES,
                32 << 18 | WAYS_16 << 12 | 1 << 8 | LINE_BYTES));
        return entries;
    }

    private static List<CpuidEntry> levels(int function) {
        return List.of(cache(function, 0, DATA, 1, 8, 64), cache(function, 1, INSTRUCTIONS, 1, 8, 64),
                cache(function, 2, BOTH, 2, 16, 1024), cache(function, 3, BOTH, 3, 16, 16_384),
                new CpuidEntry(function, 4, INDEX_MATTERS, 0, 0, 0, 0));
    }

    private static CpuidEntry cache(int function, int index, int type, int level, int ways, int sets) {
        return new CpuidEntry(function, index, INDEX_MATTERS, type | level << 5 | SELF_INITIALIZING,
                (ways - 1) << 22 | (LINE_BYTES - 1), sets - 1, 0);
    }
}
