package io.drover.vmm.disk.qcow2;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Every change of the image's tables, one after the other under one lock, and the order in which they reach the file:
 *
 * <ol>
 * <li>Data is written, and so are refcounts that were raised; then a flush.
 * <li>Only now L2 and L1 entries are written, which point to what is durable; then a flush.
 * <li>Only now refcounts of what these entries no longer point to are lowered, and their clusters may become something else.
 * </ol>
 *
 * A crash at any moment leaves tables that point to whole data, and at most clusters that are counted and not used. For these
 * an image of version 3 is marked dirty before its first change and until it is closed: whoever opens it next, QEMU included,
 * counts again. Version 2 has no such mark: such clusters stay lost, as they do with QEMU, until {@code qemu-img check -r
 * leaks}.
 *
 * <p>
 * A look-up never waits for this lock, so reads and writes in place go on while a flush is under way; what allocates or frees
 * waits.
 */
final class Qcow2Metadata {
    /** Clusters given up since the last flush; more of them make one. */
    private static final int MAX_FREED = 8192;

    private final HostFile file;
    private final Qcow2Header header;
    private final int clusterBits;
    private final ClusterMap map;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Refcounts refcounts;
    @GuardedBy("lock")
    private final ByteBuffer field = ByteBuffer.allocateDirect(16);
    @GuardedBy("lock")
    private long[] freed = new long[64];
    @GuardedBy("lock")
    private int freedCount;
    @GuardedBy("lock")
    private boolean markedDirty;

    /**
     * Host clusters for a run of guest clusters.
     *
     * @param hostOffset
     *            of the first
     * @param fresh
     *            whether they were never used before, so that they read as zeros
     */
    record Extent(long hostOffset, int clusters, boolean fresh) {}

    /** Over tables that were checked. */
    Qcow2Metadata(HostFile file, Qcow2Header header, ClusterMap map, Refcounts refcounts) {
        this.file = file;
        this.header = header;
        this.clusterBits = header.clusterBits();
        this.map = map;
        this.refcounts = refcounts;
    }

    /**
     * Takes free clusters for guest clusters that are within one slice. They are nobody's until {@link #link} or
     * {@link #giveBack}.
     */
    Extent allocate(long cluster, int wanted) throws IOException {
        lock.lock();
        try {
            prepare();
            ensureOwnTable(cluster);
            long usedBefore = map.hostEnd();
            long first = refcounts.allocate(wanted);
            return new Extent(first << clusterBits, refcounts.allocated(), first << clusterBits >= usedBefore);
        } finally {
            lock.unlock();
        }
    }

    /** Undoes an {@link #allocate}. */
    void giveBack(Extent extent) throws IOException {
        lock.lock();
        try {
            for (int each = 0; each < extent.clusters(); each++) {
                refcounts.release((extent.hostOffset() >>> clusterBits) + each);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts allocated clusters, whose data is written, in the place of whatever the guest clusters were. */
    void link(long cluster, Extent extent) throws IOException {
        lock.lock();
        try {
            for (int each = 0; each < extent.clusters(); each++) {
                replace(cluster + each, (extent.hostOffset() + ((long) each << clusterBits)) | L2Entry.COPIED);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A cluster of zeros that has a host cluster of its own, whose data is written, becomes plain data. */
    void linkInPlace(long cluster, long entry) throws IOException {
        lock.lock();
        try {
            prepare();
            map.setEntry(cluster, entry & ~L2Entry.ZERO);
        } finally {
            lock.unlock();
        }
    }

    /** What may become of a guest's cluster. */
    enum Emptying {
        /** Nothing is stored. */
        UNALLOCATED,
        /** Zeros without space: version 3. */
        ZERO,
        /** Zeros, with the space that it has: version 3. */
        ZERO_KEEPING_SPACE
    }

    /** Empties guest clusters that are within one slice. What is empty already stays as it is. */
    void empty(long cluster, int count, Emptying how) throws IOException {
        lock.lock();
        try {
            prepare();
            if (L2Entry.hostOffset(map.table(cluster)) == 0 && how == Emptying.UNALLOCATED) {
                return;
            }
            ensureOwnTable(cluster);
            for (long each = cluster; each < cluster + count; each++) {
                emptyOne(each, how);
            }
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void emptyOne(long cluster, Emptying how) throws IOException {
        long entry = map.entry(cluster);
        boolean keeps = how == Emptying.ZERO_KEEPING_SPACE && L2Entry.isCopied(entry) && !L2Entry.isCompressed(entry)
                && L2Entry.hostOffset(entry) != 0;
        long emptied = keeps ? entry | L2Entry.ZERO : how == Emptying.UNALLOCATED ? 0 : L2Entry.ZERO;
        boolean isZeroAlready = how == Emptying.UNALLOCATED && entry == L2Entry.ZERO;
        if (keeps) {
            map.setEntry(cluster, emptied);
        } else if (entry != emptied && !isZeroAlready) {
            replace(cluster, emptied);
        }
    }

    /** Makes all durable that was done before. */
    void flush() throws IOException {
        lock.lock();
        try {
            if (map.isDirty() || freedCount > 0) {
                commit();
                return;
            }
        } finally {
            lock.unlock();
        }
        file.flush();
    }

    /** Flushes, and leaves the image as one that nobody has open; the next change marks it again. */
    void clean() throws IOException {
        lock.lock();
        try {
            commit();
            refcounts.writeDirty();
            file.flush();
            if (markedDirty) {
                writeFeatures(header.incompatible() & ~Qcow2Header.DIRTY);
                file.flush();
                markedDirty = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes room in the L1 table for a disk of that size. Durable when it returns. */
    void growTable(long newSize) throws IOException {
        lock.lock();
        try {
            long needed = Qcow2Header.l1EntriesFor(newSize, clusterBits);
            int old = map.l1Entries();
            if (needed <= old) {
                return;
            }
            if (needed * 8 > Qcow2Header.MAX_TABLE_BYTES) {
                throw Qcow2FormatException.refused(file.name(), "a disk of " + newSize + " bytes in clusters of "
                        + header.clusterBytes() + " needs too large an L1 table",
                        "qemu-img convert -O qcow2 -o cluster_size=64k or larger");
            }
            prepare();
            commit();
            int clusters = (int) ((needed * 8 + header.clusterBytes() - 1) >>> clusterBits);
            long first = refcounts.allocateAll(clusters);
            long offset = first << clusterBits;
            long[] moved = map.l1((int) needed);
            Tables.write(file, offset, moved);
            refcounts.writeDirty();
            file.flush();
            field.putInt(0, (int) needed);
            field.putLong(4, offset);
            writeField(Qcow2Header.L1_SIZE_FIELD, 12);
            file.flush();
            long oldFirst = map.l1Offset() >>> clusterBits;
            long oldClusters = (old * 8L + header.clusterBytes() - 1) >>> clusterBits;
            map.moveL1(moved, offset);
            map.addMetadata(first, clusters);
            map.removeMetadata(oldFirst, oldClusters);
            for (long each = oldFirst; each < oldFirst + oldClusters; each++) {
                refcounts.release(each);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Writes the disk's size into the header. Durable when it returns, as is all that was done before. */
    void setSize(long newSize) throws IOException {
        lock.lock();
        try {
            prepare();
            commit();
            field.putLong(0, newSize);
            writeField(Qcow2Header.SIZE_FIELD, 8);
            file.flush();
        } finally {
            lock.unlock();
        }
    }

    /** To be called before each change: there is room for it in memory, and the image says that it is in use. */
    @GuardedBy("lock")
    private void prepare() throws IOException {
        if (!markedDirty && header.version() >= 3) {
            writeFeatures(header.incompatible() | Qcow2Header.DIRTY);
            file.flush();
            markedDirty = true;
        }
        if (map.isCrowded() || freedCount >= MAX_FREED) {
            commit();
        }
        if (refcounts.isCrowded()) {
            refcounts.writeDirty();
        }
    }

    /** Autoclear features, all unknown to us, go: what they promise holds no longer. */
    @GuardedBy("lock")
    private void writeFeatures(long incompatible) throws IOException {
        field.putLong(0, incompatible);
        writeField(Qcow2Header.INCOMPATIBLE_FIELD, 8);
        if (header.autoclear() != 0) {
            field.putLong(0, 0);
            writeField(Qcow2Header.AUTOCLEAR_FIELD, 8);
        }
    }

    @GuardedBy("lock")
    private void commit() throws IOException {
        if (map.isDirty()) {
            refcounts.writeDirty();
            file.flush();
            map.writeDirty();
        }
        file.flush();
        freeAll();
    }

    @GuardedBy("lock")
    private void freeAll() throws IOException {
        Arrays.sort(freed, 0, freedCount);
        int count = freedCount;
        freedCount = 0;
        long holeStart = 0;
        long holeEnd = 0;
        for (int index = 0; index < count; index++) {
            if (refcounts.isCrowded()) {
                refcounts.writeDirty();
            }
            long cluster = freed[index];
            if (refcounts.release(cluster)) {
                if (cluster != holeEnd) {
                    punch(holeStart, holeEnd);
                    holeStart = cluster;
                }
                holeEnd = cluster + 1;
            }
        }
        punch(holeStart, holeEnd);
    }

    @GuardedBy("lock")
    private void punch(long firstCluster, long endCluster) throws IOException {
        if (firstCluster != endCluster) {
            file.punchHole(firstCluster << clusterBits, (endCluster - firstCluster) << clusterBits);
        }
    }

    /** An L2 table that is there and is referenced once; one that a snapshot shares is copied. */
    @GuardedBy("lock")
    private void ensureOwnTable(long cluster) throws IOException {
        long table = map.table(cluster);
        if (L2Entry.isCopied(table)) {
            return;
        }
        long old = L2Entry.hostOffset(table);
        long host = refcounts.allocate(1);
        boolean written = false;
        try {
            // Now, not when its slices are written: an L1 entry that reaches the file before them finds a table all the same.
            Tables.write(file, host << clusterBits, old == 0 ? new long[header.l2Entries()]
                    : Tables.read(file, old, header.l2Entries()));
            written = true;
        } finally {
            if (!written) {
                refcounts.release(host);
            }
        }
        map.addMetadata(host, 1);
        map.setTable(cluster, host << clusterBits);
        if (old != 0) {
            // It stays metadata, of a snapshot.
            free(old >>> clusterBits);
        }
    }

    @GuardedBy("lock")
    private void replace(long cluster, long entry) throws IOException {
        long old = map.entry(cluster);
        map.setEntry(cluster, entry);
        if (L2Entry.isCompressed(old)) {
            long first = L2Entry.compressedOffset(old, clusterBits);
            long last = first + L2Entry.compressedBytes(old, clusterBits) - 1;
            for (long each = first >>> clusterBits; each <= last >>> clusterBits; each++) {
                free(each);
            }
        } else if (map.isDataCluster(L2Entry.hostOffset(old))) {
            free(L2Entry.hostOffset(old) >>> clusterBits);
        }
    }

    @GuardedBy("lock")
    private void free(long hostCluster) {
        if (freedCount == freed.length) {
            freed = Arrays.copyOf(freed, 2 * freedCount);
        }
        freed[freedCount++] = hostCluster;
    }

    @GuardedBy("lock")
    private void writeField(int offset, int length) throws IOException {
        IoVector vector = new IoVector(1);
        vector.add(field, 0, length);
        file.write(offset, vector);
    }
}
