package io.drover.vmm.boot;

/**
 * A segment register with its hidden part (Intel SDM volume 3, 3.4.5).
 *
 * @param limit
 *            in bytes, inclusive
 * @param type
 *            the descriptor's 4-bit type
 * @param codeOrData
 *            the S flag; off for a system segment
 * @param longMode
 *            the L flag: 64-bit code
 * @param wide
 *            the D/B flag: 32-bit operands
 */
public record SegmentState(int selector, long base, long limit, int type, boolean codeOrData, boolean longMode,
        boolean wide) {
    private static final long PRESENT = 1L << 47;
    private static final long PAGE_GRANULAR = 1L << 55;

    /** Whether the limit is counted in pages: the G flag. */
    public boolean pageGranular() {
        return limit > 0xF_FFFF;
    }

    /** The entry of a descriptor table that would load this, with privilege level 0. */
    long descriptor() {
        long scaled = pageGranular() ? limit >>> 12 : limit;
        long flags = PRESENT | (pageGranular() ? PAGE_GRANULAR : 0) | (wide ? 1L << 54 : 0) | (longMode ? 1L << 53 : 0)
                | (codeOrData ? 1L << 44 : 0) | ((long) type << 40);
        return flags | ((base & 0xFF00_0000L) << 32) | ((base & 0xFF_FFFF) << 16) | ((scaled & 0xF_0000) << 32)
                | (scaled & 0xFFFF);
    }
}
