package io.drover.vmm.disk.qcow2;

/** What an entry of an L2 table says. Entries stay plain longs, so that a look-up allocates nothing. */
final class L2Entry {
    /** The cluster, or the L2 table of an L1 entry, is referenced once: it may be written in place. */
    static final long COPIED = 1L << 63;
    static final long COMPRESSED = 1L << 62;
    /** Version 3 only. */
    static final long ZERO = 1;
    /** Of a host cluster, bits 9 to 55. */
    static final long OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00L;

    private static final long STANDARD_RESERVED = ~(COPIED | OFFSET_MASK | ZERO);
    private static final int COMPRESSED_SECTOR = 512;

    private L2Entry() {}

    static boolean isCompressed(long entry) {
        return (entry & COMPRESSED) != 0;
    }

    static boolean isCopied(long entry) {
        return (entry & COPIED) != 0;
    }

    /** Of a standard entry: reads as zeros, whether it has a host cluster or not. */
    static boolean isZero(long entry) {
        return (entry & (COMPRESSED | ZERO)) == ZERO;
    }

    static long hostOffset(long standard) {
        return standard & OFFSET_MASK;
    }

    /** Whether a standard entry sets no bits that mean nothing, and begins a cluster. */
    static boolean isWellFormed(long standard, int clusterBits, int version) {
        return (standard & STANDARD_RESERVED) == 0 && (standard & OFFSET_MASK & ((1L << clusterBits) - 1)) == 0
                && (version >= 3 || (standard & ZERO) == 0);
    }

    /** Of a compressed entry: where its first byte is. Any byte. */
    static long compressedOffset(long entry, int clusterBits) {
        return entry & ((1L << lengthShift(clusterBits)) - 1);
    }

    /** Of a compressed entry: how many bytes from its offset on hold it, padding included; at most twice a cluster and a bit. */
    static int compressedBytes(long entry, int clusterBits) {
        int shift = lengthShift(clusterBits);
        long furtherSectors = (entry & (COMPRESSED - 1)) >>> shift;
        long offset = compressedOffset(entry, clusterBits);
        return (int) ((furtherSectors + 1) * COMPRESSED_SECTOR - (offset & (COMPRESSED_SECTOR - 1)));
    }

    private static int lengthShift(int clusterBits) {
        return 62 - (clusterBits - 8);
    }
}
