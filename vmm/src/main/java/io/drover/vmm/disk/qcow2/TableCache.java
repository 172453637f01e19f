package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.HostFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Slices of tables, those used last. A change stays in memory until {@link #writeDirty}; a changed slice is never evicted, so
 * that whoever changes slices sees to it that they are written before they become too many, and decides when it is safe to
 * write them.
 *
 * <p>
 * Memory is taken as slices are first needed. Not safe for use by several threads; a slice is valid until the next call.
 */
final class TableCache {
    private final HostFile file;
    private final int sliceBytes;
    private final int sliceBits;
    private final int capacity;
    private final TableSlice[] buckets;
    private final List<TableSlice> dirty = new ArrayList<>();
    /** Head of a ring: its {@code newer} is the slice used longest ago. */
    private final TableSlice ring;
    private int count;

    /**
     * An empty one.
     *
     * @param sliceBytes
     *            a power of two
     * @param capacity
     *            slices in memory, at least 8
     */
    TableCache(HostFile file, int sliceBytes, int capacity) {
        this.file = file;
        this.sliceBytes = sliceBytes;
        this.sliceBits = Integer.numberOfTrailingZeros(sliceBytes);
        this.capacity = capacity;
        this.buckets = new TableSlice[Integer.highestOneBit(capacity) * 2];
        this.ring = new TableSlice(1);
        ring.older = ring;
        ring.newer = ring;
    }

    int sliceBytes() {
        return sliceBytes;
    }

    /** Whether it is time to write what has changed. */
    boolean isCrowded() {
        return dirty.size() >= capacity / 2;
    }

    boolean isDirty() {
        return !dirty.isEmpty();
    }

    /**
     * The slice there, read if need be; what lies behind the end of the file is zeros.
     *
     * @param offset
     *            in the file, a multiple of the slices' size
     */
    TableSlice get(long offset) throws IOException {
        TableSlice slice = buckets[bucket(offset)];
        while (slice != null) {
            if (slice.offset == offset) {
                if (ring.older != slice) {
                    unlink(slice);
                    linkAsNewest(slice);
                }
                return slice;
            }
            slice = slice.nextInBucket;
        }
        return load(offset);
    }

    void markDirty(TableSlice slice) {
        if (!slice.dirty) {
            slice.dirty = true;
            dirty.add(slice);
        }
    }

    /** Writes what has changed. Where that fails, what was not written stays changed. */
    void writeDirty() throws IOException {
        while (!dirty.isEmpty()) {
            TableSlice slice = dirty.getLast();
            file.write(slice.offset, slice.vector());
            slice.dirty = false;
            dirty.removeLast();
        }
    }

    /** Drops what is in memory of a range, changes too: its clusters are about to become something else. */
    void forget(long offset, long length) {
        for (long at = offset; at < offset + length; at += sliceBytes) {
            TableSlice slice = buckets[bucket(at)];
            while (slice != null && slice.offset != at) {
                slice = slice.nextInBucket;
            }
            if (slice != null) {
                if (slice.dirty) {
                    slice.dirty = false;
                    dirty.remove(slice);
                }
                removeFromBucket(slice);
            }
        }
    }

    private TableSlice load(long offset) throws IOException {
        TableSlice slice = unused();
        long read = file.read(offset, slice.vector());
        if (read < sliceBytes) {
            slice.vector().clearBytes(read, sliceBytes - read);
        }
        slice.offset = offset;
        int bucket = bucket(offset);
        slice.nextInBucket = buckets[bucket];
        buckets[bucket] = slice;
        unlink(slice);
        linkAsNewest(slice);
        return slice;
    }

    /** A slice that is nowhere, but in the ring: until it is loaded, that is all that keeps it. */
    private TableSlice unused() {
        if (count >= capacity) {
            for (TableSlice slice = ring.newer; slice != ring; slice = slice.newer) {
                if (!slice.dirty) {
                    if (slice.offset != TableSlice.NOWHERE) {
                        removeFromBucket(slice);
                    }
                    return slice;
                }
            }
        }
        TableSlice slice = new TableSlice(sliceBytes);
        linkAsNewest(slice);
        count++;
        return slice;
    }

    private void removeFromBucket(TableSlice slice) {
        int bucket = bucket(slice.offset);
        if (buckets[bucket] == slice) {
            buckets[bucket] = slice.nextInBucket;
        } else {
            TableSlice before = buckets[bucket];
            while (before.nextInBucket != slice) {
                before = before.nextInBucket;
            }
            before.nextInBucket = slice.nextInBucket;
        }
        slice.nextInBucket = null;
        slice.offset = TableSlice.NOWHERE;
    }

    private void linkAsNewest(TableSlice slice) {
        slice.newer = ring;
        slice.older = ring.older;
        ring.older.newer = slice;
        ring.older = slice;
    }

    private static void unlink(TableSlice slice) {
        slice.older.newer = slice.newer;
        slice.newer.older = slice.older;
    }

    private int bucket(long offset) {
        long hash = (offset >>> sliceBits) * 0x9E37_79B9_7F4A_7C15L;
        return (int) (hash >>> 40) & (buckets.length - 1);
    }
}
