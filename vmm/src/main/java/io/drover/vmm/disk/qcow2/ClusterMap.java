package io.drover.vmm.disk.qcow2;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the guest's clusters are: the L1 table, in memory, and slices of L2 tables, cached. Look-ups may come from any thread
 * at any time, and wait for each other only, and for the slice that one of them reads. Changes come from one thread at a time,
 * {@link Qcow2Metadata} sees to that; they stay in memory until {@link #writeDirty}.
 */
final class ClusterMap {
    /** A slice of an L2 table, of at most a page: with clusters of 64 KiB one is 32 MiB of disk. */
    private static final int MAX_SLICE_BYTES = 4096;

    private final HostFile file;
    private final int version;
    private final int clusterBits;
    private final int l2Bits;
    private final int sliceEntries;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final TableCache cache;
    @GuardedBy("lock")
    private final MetadataClusters metadata;
    @GuardedBy("lock")
    private final BitSet dirtyL1 = new BitSet();
    @GuardedBy("lock")
    private long[] l1;
    @GuardedBy("lock")
    private long l1Offset;
    /** Where the clusters in use end, at the latest: an entry that points behind it is no good. */
    @GuardedBy("lock")
    private long hostEnd;

    /**
     * Over tables that were checked.
     *
     * @param metadata
     *            handed over
     * @param cacheBytes
     *            for slices
     */
    ClusterMap(HostFile file, Qcow2Header header, long[] l1, MetadataClusters metadata, long hostEnd, long cacheBytes) {
        this.file = file;
        this.version = header.version();
        this.clusterBits = header.clusterBits();
        this.l2Bits = clusterBits - 3;
        int sliceBytes = Math.min(MAX_SLICE_BYTES, header.clusterBytes());
        this.sliceEntries = sliceBytes / 8;
        this.cache = new TableCache(file, sliceBytes, (int) Math.max(8, cacheBytes / sliceBytes));
        this.l1 = l1;
        this.l1Offset = header.l1Offset();
        this.metadata = metadata;
        this.hostEnd = hostEnd;
    }

    /** Guest clusters from this one on whose entries are in the same slice. */
    int clustersToSliceEnd(long cluster) {
        return sliceEntries - (int) (cluster & (sliceEntries - 1));
    }

    /**
     * Looks up what begins at a guest's offset, and how far it goes on so: fills {@code run}'s kind and what belongs to it.
     *
     * @param maxBytes
     *            the most of interest, at least one
     * @param forWrite
     *            whether data is to be written there, which metadata is then protected from
     */
    void find(Request run, long guestOffset, long maxBytes, boolean forWrite) throws IOException {
        lock.lock();
        try {
            long cluster = guestOffset >>> clusterBits;
            long inCluster = guestOffset & ((1L << clusterBits) - 1);
            int l1Index = (int) (cluster >>> l2Bits);
            if (hostOffset(l1[l1Index]) == 0) {
                long tableEnd = (l1Index + 1L) << (l2Bits + clusterBits);
                run.kind = Request.Kind.UNALLOCATED;
                run.entry = 0;
                run.inPlace = false;
                run.bytes = Math.min(maxBytes, tableEnd - guestOffset);
                return;
            }
            TableSlice slice = slice(l1[l1Index], cluster);
            int index = (int) (cluster & (sliceEntries - 1));
            long entry = slice.entry(index);
            run.entry = entry;
            run.kind = kind(entry, cluster);
            run.inPlace = run.kind == Request.Kind.DATA && L2Entry.isCopied(entry);
            run.hostOffset = L2Entry.hostOffset(entry) + inCluster;
            long bytes = (1L << clusterBits) - inCluster;
            int next = index + 1;
            while (bytes < maxBytes && next < sliceEntries && goesOn(run, slice.entry(next), next - index)) {
                bytes += 1L << clusterBits;
                next++;
            }
            run.bytes = Math.min(bytes, maxBytes);
            if (run.kind == Request.Kind.DATA) {
                checkData(cluster, L2Entry.hostOffset(entry), next - index, forWrite);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean goesOn(Request run, long entry, int clusters) {
        return switch (run.kind) {
            case DATA -> entry == run.entry + ((long) clusters << clusterBits);
            case ZERO -> L2Entry.isZero(entry) && L2Entry.isWellFormed(entry, clusterBits, version);
            case UNALLOCATED -> entry == 0;
            case COMPRESSED -> false;
        };
    }

    private Request.Kind kind(long entry, long cluster) throws IOException {
        if (L2Entry.isCompressed(entry)) {
            return Request.Kind.COMPRESSED;
        }
        if (!L2Entry.isWellFormed(entry, clusterBits, version)) {
            throw corrupt(cluster, entry, "reserved bits are set or its offset is not a cluster's");
        }
        if (L2Entry.isZero(entry)) {
            return Request.Kind.ZERO;
        }
        return L2Entry.hostOffset(entry) == 0 ? Request.Kind.UNALLOCATED : Request.Kind.DATA;
    }

    @GuardedBy("lock")
    private void checkData(long cluster, long hostOffset, int clusters, boolean forWrite) throws IOException {
        if (hostOffset + ((long) clusters << clusterBits) > hostEnd) {
            throw corrupt(cluster, hostOffset, "its data is behind the file's end");
        }
        if (forWrite) {
            for (int each = 0; each < clusters; each++) {
                if (metadata.contains((hostOffset >>> clusterBits) + each)) {
                    throw corrupt(cluster + each, hostOffset, "the image's own tables are there");
                }
            }
        }
    }

    private IOException corrupt(long cluster, long entry, String what) {
        return Qcow2FormatException.corrupt(file.name(),
                "L2 entry of guest offset " + (cluster << clusterBits) + " : 0x"
                        + Long.toHexString(entry) + ": " + what);
    }

    /** The L2 entry of a guest's cluster; 0 where there is no table. */
    long entry(long cluster) throws IOException {
        lock.lock();
        try {
            long table = l1[(int) (cluster >>> l2Bits)];
            return hostOffset(table) == 0 ? 0 : slice(table, cluster).entry((int) (cluster & (sliceEntries - 1)));
        } finally {
            lock.unlock();
        }
    }

    /** What kind of run the cluster's entry makes it; refuses an entry that makes no sense. */
    Request.Kind kindOf(long cluster) throws IOException {
        return kind(entry(cluster), cluster);
    }

    /** Whether a standard entry's host cluster may be written to by a guest. */
    boolean isDataCluster(long hostOffset) {
        lock.lock();
        try {
            return hostOffset != 0 && hostOffset + (1L << clusterBits) <= hostEnd
                    && !metadata.contains(hostOffset >>> clusterBits);
        } finally {
            lock.unlock();
        }
    }

    /** Changes an L2 entry whose table is this image's own. */
    void setEntry(long cluster, long entry) throws IOException {
        lock.lock();
        try {
            TableSlice slice = slice(l1[(int) (cluster >>> l2Bits)], cluster);
            slice.bytes().putLong((int) (cluster & (sliceEntries - 1)) * 8, entry);
            cache.markDirty(slice);
        } finally {
            lock.unlock();
        }
    }

    /** The L1 entry for a guest's cluster; 0 where there is no table. */
    long table(long cluster) {
        lock.lock();
        try {
            return l1[(int) (cluster >>> l2Bits)];
        } finally {
            lock.unlock();
        }
    }

    /** Puts an L2 table in place that is in the file already, and metadata already. */
    void setTable(long cluster, long hostOffset) {
        lock.lock();
        try {
            int index = (int) (cluster >>> l2Bits);
            l1[index] = hostOffset | L2Entry.COPIED;
            dirtyL1.set(index);
        } finally {
            lock.unlock();
        }
    }

    boolean isCrowded() {
        lock.lock();
        try {
            return cache.isCrowded();
        } finally {
            lock.unlock();
        }
    }

    boolean isDirty() {
        lock.lock();
        try {
            return cache.isDirty() || !dirtyL1.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Writes what has changed, which must be safe by now: all that it points to is durable. */
    void writeDirty() throws IOException {
        lock.lock();
        try {
            cache.writeDirty();
            ByteBuffer entry = ByteBuffer.allocateDirect(8);
            IoVector vector = new IoVector(1);
            vector.add(entry, 0, 8);
            for (int index = dirtyL1.nextSetBit(0); index >= 0; index = dirtyL1.nextSetBit(index + 1)) {
                entry.putLong(0, l1[index]);
                file.write(l1Offset + index * 8L, vector);
                dirtyL1.clear(index);
            }
        } finally {
            lock.unlock();
        }
    }

    long hostEnd() {
        lock.lock();
        try {
            return hostEnd;
        } finally {
            lock.unlock();
        }
    }

    /** Clusters up to there are in use, or were. */
    void extendHostEnd(long end) {
        lock.lock();
        try {
            hostEnd = Math.max(hostEnd, end);
        } finally {
            lock.unlock();
        }
    }

    /** Host clusters become metadata: nothing of what they were is remembered. */
    void addMetadata(long hostCluster, long count) {
        lock.lock();
        try {
            for (long each = hostCluster; each < hostCluster + count; each++) {
                metadata.add(each);
            }
            cache.forget(hostCluster << clusterBits, count << clusterBits);
        } finally {
            lock.unlock();
        }
    }

    /** Host clusters are metadata no longer. */
    void removeMetadata(long hostCluster, long count) {
        lock.lock();
        try {
            for (long each = hostCluster; each < hostCluster + count; each++) {
                metadata.remove(each);
            }
            cache.forget(hostCluster << clusterBits, count << clusterBits);
        } finally {
            lock.unlock();
        }
    }

    boolean isMetadata(long hostCluster) {
        lock.lock();
        try {
            return metadata.contains(hostCluster);
        } finally {
            lock.unlock();
        }
    }

    int l1Entries() {
        lock.lock();
        try {
            return l1.length;
        } finally {
            lock.unlock();
        }
    }

    long l1Offset() {
        lock.lock();
        try {
            return l1Offset;
        } finally {
            lock.unlock();
        }
    }

    /** A copy of the L1 table with more entries, for where it is to be next. */
    long[] l1(int entries) {
        lock.lock();
        try {
            return Arrays.copyOf(l1, entries);
        } finally {
            lock.unlock();
        }
    }

    /** The table has moved, in the file too, and nothing of it is dirty. */
    void moveL1(long[] moved, long offset) {
        lock.lock();
        try {
            l1 = moved;
            l1Offset = offset;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private TableSlice slice(long table, long cluster) throws IOException {
        long inTable = cluster & ((1L << l2Bits) - 1);
        return cache.get(hostOffset(table) + (inTable & -(long) sliceEntries) * 8);
    }

    private static long hostOffset(long l1Entry) {
        return L2Entry.hostOffset(l1Entry);
    }
}
