package io.drover.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A bit for each page of one region of RAM, as the kernel writes them. Owned by one thread at a time. */
public final class DirtyBitmap {
    private final long pages;
    private final MemorySegment segment;

    /** Of nothing. */
    public DirtyBitmap(long pages) {
        this.pages = pages;
        this.segment = Arena.ofAuto().allocate((pages + Long.SIZE - 1) / Long.SIZE * Long.BYTES, Long.BYTES);
    }

    /** How many pages it is of. */
    public long pages() {
        return pages;
    }

    /** The bits themselves, for the kernel. */
    public MemorySegment segment() {
        return segment;
    }

    /** The bits from a page on, which is a multiple of 64, for the kernel. */
    public MemorySegment segmentFrom(long page) {
        return segment.asSlice(page / Byte.SIZE);
    }

    /** Whether one of the pages from {@code first}, a multiple of 64, on is in it; there may be fewer than {@code count}. */
    public boolean hasAny(long first, long count) {
        long end = Math.min(pages, first + count);
        for (long page = first; page < end; page += Long.SIZE) {
            if (word(page) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Adds its pages to a set.
     *
     * @param firstPage
     *            what its first page is there
     */
    public void addTo(PageSet into, long firstPage) {
        for (long page = 0; page < pages; page += Long.SIZE) {
            long bits = word(page);
            if (bits == 0) {
                continue;
            }
            if (firstPage % Long.SIZE == 0) {
                into.addWord((int) ((firstPage + page) / Long.SIZE), bits);
            } else {
                for (long rest = bits; rest != 0; rest &= rest - 1) {
                    into.add(firstPage + page + Long.numberOfTrailingZeros(rest));
                }
            }
        }
    }

    private long word(long page) {
        return segment.get(ValueLayout.JAVA_LONG, page / Byte.SIZE);
    }
}
