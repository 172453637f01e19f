package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.Zeros;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * How often each host cluster is referenced, and with it which are free. What has changed may be written at any time: a count
 * is raised before a reference exists and lowered after it has durably gone, so that a crash leaves at most counts that are
 * too high. Guarded by {@link Qcow2Metadata}'s lock.
 */
final class Refcounts {
    private static final int MAX_SLICE_BYTES = 4096;
    private static final int CACHE_BYTES = 256 << 10;
    /** An offset has 56 bits; this stays far from them. */
    private static final long MAX_FILE_BYTES = 1L << 54;

    private final HostFile file;
    private final ClusterMap map;
    private final int clusterBits;
    private final int order;
    /** Counts in a block, as a power of two. */
    private final int blockBits;
    private final TableCache cache;
    private final ByteBuffer field = ByteBuffer.allocateDirect(16);
    private final IoVector fieldVector = new IoVector(1);
    private long[] table;
    private long tableOffset;
    /** All clusters before this one are in use. */
    private long firstFree;
    private int allocated;

    /** Over a table that was checked. */
    Refcounts(HostFile file, Qcow2Header header, long[] table, ClusterMap map) {
        this.file = file;
        this.map = map;
        this.clusterBits = header.clusterBits();
        this.order = header.refcountOrder();
        this.blockBits = clusterBits + 3 - order;
        this.table = table;
        this.tableOffset = header.refcountTableOffset();
        int sliceBytes = Math.min(MAX_SLICE_BYTES, header.clusterBytes());
        this.cache = new TableCache(file, sliceBytes, CACHE_BYTES / sliceBytes);
    }

    /** The number of references to a host cluster. One of 64 bits may come out negative: it is as wrong as it looks. */
    long get(long cluster) throws IOException {
        if (!hasBlock(cluster)) {
            return 0;
        }
        long inBlock = cluster & ((1L << blockBits) - 1);
        ByteBuffer bytes = slice(cluster).bytes();
        int at = (int) ((inBlock << order) >>> 3) & (cache.sliceBytes() - 1);
        return switch (order) {
            case 3 -> bytes.get(at) & 0xFF;
            case 4 -> bytes.getShort(at) & 0xFFFF;
            case 5 -> bytes.getInt(at) & 0xFFFF_FFFFL;
            case 6 -> bytes.getLong(at);
            default -> (bytes.get(at) >>> bitInByte(inBlock)) & ((1 << (1 << order)) - 1);
        };
    }

    /** Sets a count that has a block, to a value that it has room for. */
    void set(long cluster, long count) throws IOException {
        long inBlock = cluster & ((1L << blockBits) - 1);
        TableSlice slice = slice(cluster);
        int at = (int) ((inBlock << order) >>> 3) & (cache.sliceBytes() - 1);
        switch (order) {
            case 3 -> slice.bytes().put(at, (byte) count);
            case 4 -> slice.bytes().putShort(at, (short) count);
            case 5 -> slice.bytes().putInt(at, (int) count);
            case 6 -> slice.bytes().putLong(at, count);
            default -> {
                int mask = ((1 << (1 << order)) - 1) << bitInByte(inBlock);
                int others = slice.bytes().get(at) & ~mask;
                slice.bytes().put(at, (byte) (others | ((int) count << bitInByte(inBlock))));
            }
        }
        cache.markDirty(slice);
    }

    /** Counts of less than a byte begin with the lowest bits. */
    private int bitInByte(long inBlock) {
        return (int) (inBlock << order) & 7;
    }

    /** Whether a count can be set. */
    boolean hasBlock(long cluster) {
        long block = cluster >>> blockBits;
        return block < table.length && table[(int) block] != 0;
    }

    /**
     * Takes free clusters, one after the other in the file.
     *
     * @param wanted
     *            at least 1
     * @return the first one's number; {@link #allocated} tells how many, at least 1
     */
    long allocate(int wanted) throws IOException {
        long first = firstFree;
        while (!hasBlock(first) || get(first) != 0) {
            if (hasBlock(first)) {
                first++;
            } else if (first >>> blockBits < table.length) {
                createBlock(first);
                first++;
            } else {
                firstFree = first;
                growTable();
            }
        }
        int count = 0;
        while (count < wanted && hasBlock(first + count) && get(first + count) == 0) {
            checkFree(first + count);
            count++;
        }
        for (int each = 0; each < count; each++) {
            set(first + each, 1);
        }
        firstFree = first + count;
        allocated = count;
        map.extendHostEnd(firstFree << clusterBits);
        return first;
    }

    /** Takes so many free clusters in one piece, behind all others. */
    long allocateAll(int wanted) throws IOException {
        while (coverTail(wanted) >= table.length) {
            growTable();
        }
        long start = tail();
        int before = table.length;
        long[] old = table.clone();
        int blocks = addBlocks(start, wanted);
        file.flush();
        for (int index = 0; index < before; index++) {
            if (table[index] != old[index]) {
                field.putLong(0, table[index]);
                writeField(tableOffset + index * 8L, 8);
            }
        }
        map.addMetadata(start, blocks);
        map.extendHostEnd((start + blocks + wanted) << clusterBits);
        return start + blocks;
    }

    /** How many clusters the last {@link #allocate} took. */
    int allocated() {
        return allocated;
    }

    /**
     * One reference less.
     *
     * @return whether the cluster is free now
     */
    boolean release(long cluster) throws IOException {
        long count = get(cluster);
        if (count == 0) {
            // The image was wrong before: it counted less than it referenced.
            return false;
        }
        set(cluster, count - 1);
        if (count != 1) {
            return false;
        }
        firstFree = Math.min(firstFree, cluster);
        return true;
    }

    /** Nothing is referenced from this cluster on, where the file ends. */
    void clearFrom(long cluster) throws IOException {
        for (int block = (int) Math.min(table.length, cluster >>> blockBits); block < table.length; block++) {
            long first = Math.max(cluster, (long) block << blockBits);
            for (long each = first; table[block] != 0 && each < (block + 1L) << blockBits; each++) {
                if (get(each) != 0) {
                    if (cache.isCrowded()) {
                        cache.writeDirty();
                    }
                    set(each, 0);
                }
            }
        }
    }

    boolean isCrowded() {
        return cache.isCrowded();
    }

    void writeDirty() throws IOException {
        cache.writeDirty();
    }

    private void checkFree(long cluster) throws IOException {
        if (map.isMetadata(cluster)) {
            throw Qcow2FormatException.corrupt(file.name(), "host cluster " + cluster
                    + " : refcount 0 (expected: more, the image's own tables are there)");
        }
        if (cluster << clusterBits >= MAX_FILE_BYTES) {
            throw full();
        }
    }

    /**
     * A block for the counts around a cluster, in that very cluster. The table's entry follows only when the block is
     * durable: it must never point to what is no block.
     */
    private void createBlock(long cluster) throws IOException {
        checkFree(cluster);
        long offset = cluster << clusterBits;
        Zeros.write(file, offset, 1L << clusterBits);
        cache.forget(offset, 1L << clusterBits);
        int index = (int) (cluster >>> blockBits);
        table[index] = offset;
        boolean linked = false;
        try {
            set(cluster, 1);
            cache.writeDirty();
            file.flush();
            field.putLong(0, offset);
            writeField(tableOffset + index * 8L, 8);
            linked = true;
        } finally {
            if (!linked) {
                table[index] = 0;
                cache.forget(offset, 1L << clusterBits);
            }
        }
        map.addMetadata(cluster, 1);
        map.extendHostEnd(offset + (1L << clusterBits));
    }

    /**
     * A larger table, in clusters that the old one has no counts for, with the blocks that it needs to count itself. The header
     * points to it when all of that is durable, and only then the old one is given up.
     */
    private void growTable() throws IOException {
        long start = Math.max((long) table.length << blockBits, tail());
        int tableClusters = 0;
        long entries = 2L * table.length;
        do {
            tableClusters = (int) ((entries * 8 + (1L << clusterBits) - 1) >>> clusterBits);
            if ((long) tableClusters << clusterBits > Qcow2Header.MAX_TABLE_BYTES) {
                throw full();
            }
            // Blocks for the table and for themselves are fewer than the clusters that they count.
            entries = ((start + 2L * tableClusters + 2) >>> blockBits) + 1;
        } while (entries * 8 > (long) tableClusters << clusterBits);
        long[] old = table;
        long oldOffset = tableOffset;
        table = Arrays.copyOf(old, (int) (((long) tableClusters << clusterBits) >>> 3));
        int blocks = 0;
        boolean written = false;
        try {
            blocks = addBlocks(start, tableClusters);
            Tables.write(file, (start + blocks) << clusterBits, table);
            file.flush();
            written = true;
        } finally {
            if (!written) {
                table = old;
            }
        }
        tableOffset = (start + blocks) << clusterBits;
        field.putLong(0, tableOffset);
        field.putInt(8, tableClusters);
        writeField(Qcow2Header.REFCOUNT_TABLE_FIELD, 12);
        file.flush();
        map.addMetadata(start, blocks + tableClusters);
        map.extendHostEnd((start + blocks + tableClusters) << clusterBits);
        long oldFirst = oldOffset >>> clusterBits;
        long oldClusters = ((long) old.length << 3) >>> clusterBits;
        map.removeMetadata(oldFirst, oldClusters);
        for (long cluster = oldFirst; cluster < oldFirst + oldClusters; cluster++) {
            release(cluster);
        }
    }

    /** The first cluster behind all that were ever used. */
    private long tail() {
        return (map.hostEnd() + (1L << clusterBits) - 1) >>> clusterBits;
    }

    /** The last block that so many clusters at the tail need, with room for blocks among them. */
    private long coverTail(long clusters) {
        return (tail() + 2 * clusters + 2) >>> blockBits;
    }

    /**
     * Counts {@code wanted} clusters at the tail, and before them, from {@code start} on, as many for blocks as are missing.
     * All of it is written; the table is changed in memory only.
     *
     * @return the number of blocks
     */
    private int addBlocks(long start, long wanted) throws IOException {
        int blocks = 0;
        for (int missing = missingBlocks(start, wanted); missing != blocks;) {
            blocks = missing;
            missing = missingBlocks(start, wanted + blocks);
        }
        long next = start;
        boolean counted = false;
        try {
            for (long index = start >>> blockBits; next < start + blocks; index++) {
                if (table[(int) index] == 0) {
                    Zeros.write(file, next << clusterBits, 1L << clusterBits);
                    cache.forget(next << clusterBits, 1L << clusterBits);
                    table[(int) index] = next << clusterBits;
                    next++;
                }
            }
            for (long cluster = start; cluster < start + blocks + wanted; cluster++) {
                if (cache.isCrowded()) {
                    cache.writeDirty();
                }
                set(cluster, 1);
            }
            cache.writeDirty();
            counted = true;
            return blocks;
        } finally {
            if (!counted) {
                forgetBlocks(start, next);
            }
        }
    }

    private int missingBlocks(long start, long clusters) {
        int missing = 0;
        for (long index = start >>> blockBits; index <= (start + clusters - 1) >>> blockBits; index++) {
            missing += table[(int) index] == 0 ? 1 : 0;
        }
        return missing;
    }

    /** Takes blocks between these clusters out of the table again. */
    private void forgetBlocks(long start, long end) {
        cache.forget(start << clusterBits, (end - start) << clusterBits);
        for (int index = 0; index < table.length; index++) {
            long cluster = table[index] >>> clusterBits;
            if (cluster >= start && cluster < end) {
                table[index] = 0;
            }
        }
    }

    private void writeField(long offset, int length) throws IOException {
        fieldVector.clear();
        fieldVector.add(field, 0, length);
        file.write(offset, fieldVector);
    }

    private IOException full() {
        return Qcow2FormatException.refused(file.name(), "its refcount table can grow no more",
                "qemu-img convert -O qcow2 -o cluster_size=64k or larger");
    }

    private TableSlice slice(long cluster) throws IOException {
        long inBlock = cluster & ((1L << blockBits) - 1);
        long at = (inBlock << order) >>> 3;
        return cache.get(table[(int) (cluster >>> blockBits)] + (at & -(long) cache.sliceBytes()));
    }
}
