package io.drover.vmm.disk;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which blocks of {@value #BLOCK_BYTES} bytes of a disk were changed: 2 MiB of bits for each TiB. Safe for use by several
 * threads: a block that is marked while another thread takes them out is either taken or still there.
 */
public final class DirtyBlocks {
    /** Of a block; the last of a disk may be shorter. */
    public static final int BLOCK_BYTES = 64 << 10;

    private final AtomicLongArray words;

    /** None, of a disk of so many bytes. */
    DirtyBlocks(long diskBytes) {
        words = new AtomicLongArray(Math.toIntExact((blocks(diskBytes) + Long.SIZE - 1) / Long.SIZE));
    }

    /** How many blocks a disk of so many bytes has. */
    public static long blocks(long diskBytes) {
        return (diskBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }

    /** Marks all blocks of which a range is a part; what is no range of the disk's is left out. */
    void mark(long offset, long length) {
        if (length <= 0 || offset < 0) {
            return;
        }
        long last = Math.min((offset + length - 1) / BLOCK_BYTES, words.length() * (long) Long.SIZE - 1);
        for (long block = offset / BLOCK_BYTES; block <= last; block++) {
            int word = (int) (block / Long.SIZE);
            long bit = 1L << block;
            if ((words.get(word) & bit) == 0) {
                words.getAndAccumulate(word, bit, (before, more) -> before | more);
            }
        }
    }

    /** Takes all out, into a set. */
    void drainTo(BitSet into) {
        for (int word = 0; word < words.length(); word++) {
            for (long bits = words.get(word) == 0 ? 0 : words.getAndSet(word, 0); bits != 0; bits &= bits - 1) {
                into.set(word * Long.SIZE + Long.numberOfTrailingZeros(bits));
            }
        }
    }
}
