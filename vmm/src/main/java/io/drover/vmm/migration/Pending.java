package io.drover.vmm.migration;

import io.drover.vmm.disk.DirtyBlocks;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** What is left to be sent: pages of memory, and for each disk the blocks of it. Changed by one thread at a time. */
record Pending(PageSet pages, List<BitSet> blocks) {
    /** Nothing. */
    static Pending none(GuestMemory memory, int disks) {
        List<BitSet> blocks = new ArrayList<>();
        for (int disk = 0; disk < disks; disk++) {
            blocks.add(new BitSet());
        }
        return new Pending(new PageSet(memory.pages()), List.copyOf(blocks));
    }

    void clear() {
        pages.clear();
        for (BitSet set : blocks) {
            set.clear();
        }
    }

    long bytes() {
        return pages.count() * GuestMemory.PAGE_BYTES + diskBytes();
    }

    /** Of disks: the last block of each counted as a whole one. */
    long diskBytes() {
        long sum = 0;
        for (BitSet set : blocks) {
            sum += set.cardinality();
        }
        return sum * DirtyBlocks.BLOCK_BYTES;
    }
}
