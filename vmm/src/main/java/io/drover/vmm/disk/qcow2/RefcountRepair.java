package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.HostFile;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Counts again what an image references, as it must be after a crash, and corrects its refcounts. Reads all L2 tables once
 * for each {@value #WINDOW} clusters of the file: memory stays at 2 MiB whatever the image's size.
 */
final class RefcountRepair {
    private static final int WINDOW = 1 << 20;
    private static final int SLICES = 8;
    private static final int SLICE_BYTES = 512;
    /** Of an entry in the snapshot table, without its strings and extra data. */
    private static final int SNAPSHOT_BYTES = 40;
    private static final int MAX_SNAPSHOT_EXTRA = 1024;

    private final HostFile file;
    private final Qcow2Image image;
    private final Qcow2Header header;
    private final int clusterBits;
    private final Refcounts refcounts;
    private final TableCache tables;
    private final char[] counts;
    private long windowStart;
    private long windowEnd;
    /** Whether this pass looks for what is referenced twice and is marked as if it were once. */
    private boolean checksCopied;

    /** Works on refcounts of its own, which are written and gone when it has run. */
    RefcountRepair(HostFile file, Qcow2Image image, ClusterMap map) {
        this.file = file;
        this.image = image;
        this.header = image.header();
        this.clusterBits = header.clusterBits();
        this.refcounts = image.refcounts(map);
        this.tables = new TableCache(file, SLICE_BYTES, SLICES);
        this.counts = new char[(int) Math.min(WINDOW, image.fileEnd() >>> clusterBits)];
    }

    /** Afterwards the image is marked clean. */
    void run() throws IOException {
        long clusters = image.fileEnd() >>> clusterBits;
        for (windowStart = 0; windowStart < clusters; windowStart = windowEnd) {
            windowEnd = Math.min(clusters, windowStart + counts.length);
            Arrays.fill(counts, (char) 0);
            checksCopied = false;
            countAll();
            checksCopied = true;
            countTables(image.l1(), true);
            correct();
        }
        refcounts.clearFrom(clusters);
        refcounts.writeDirty();
        file.flush();
        ByteBuffer features = ByteBuffer.allocateDirect(8);
        features.putLong(0, header.incompatible() & ~Qcow2Header.DIRTY);
        IoVector vector = new IoVector(1);
        vector.add(features, 0, 8);
        file.write(Qcow2Header.INCOMPATIBLE_FIELD, vector);
        file.flush();
    }

    private void correct() throws IOException {
        for (long cluster = windowStart; cluster < windowEnd; cluster++) {
            int counted = counts[(int) (cluster - windowStart)];
            if (refcounts.get(cluster) == counted) {
                continue;
            }
            if (!refcounts.hasBlock(cluster)
                    || (header.refcountOrder() < 4 && counted >= 1 << (1 << header.refcountOrder()))) {
                throw Qcow2FormatException.refused(file.name(),
                        "it was not closed, and its refcounts have no room for host"
                                + " cluster " + cluster,
                        "qemu-img check -r all " + file.name());
            }
            refcounts.set(cluster, counted);
            if (refcounts.isCrowded()) {
                refcounts.writeDirty();
            }
        }
    }

    private void countAll() throws IOException {
        count(0, header.clusterBytes());
        count(header.l1Offset(), image.l1().length * 8L);
        count(header.refcountTableOffset(), image.refcountTable().length * 8L);
        for (long block : image.refcountTable()) {
            if (block != 0) {
                count(block, header.clusterBytes());
            }
        }
        countTables(image.l1(), true);
        countSnapshots();
    }

    private void countTables(long[] l1, boolean active) throws IOException {
        for (long entry : l1) {
            if (entry != 0) {
                countTable(entry, active);
            }
        }
    }

    private void countTable(long l1Entry, boolean active) throws IOException {
        long table = L2Entry.hostOffset(l1Entry);
        checkInFile("L2 table", table);
        reference(table, active && L2Entry.isCopied(l1Entry));
        for (int index = 0; index < header.l2Entries(); index++) {
            int at = index * 8;
            long entry = tables.get(table + (at & -SLICE_BYTES)).entry((at & (SLICE_BYTES - 1)) / 8);
            if (L2Entry.isCompressed(entry)) {
                long offset = L2Entry.compressedOffset(entry, clusterBits);
                if (!checksCopied) {
                    count(offset, L2Entry.compressedBytes(entry, clusterBits));
                }
            } else if (L2Entry.hostOffset(entry) != 0) {
                if (!L2Entry.isWellFormed(entry, clusterBits, header.version())) {
                    throw Qcow2FormatException.corrupt(file.name(),
                            "L2 entry " + index + " of the table at " + table + " : 0x"
                                    + Long.toHexString(entry));
                }
                checkInFile("data", L2Entry.hostOffset(entry));
                reference(L2Entry.hostOffset(entry), active && L2Entry.isCopied(entry));
            }
        }
    }

    private void reference(long offset, boolean copied) throws IOException {
        if (!checksCopied) {
            count(offset, header.clusterBytes());
            return;
        }
        long cluster = offset >>> clusterBits;
        if (copied && cluster >= windowStart && cluster < windowEnd && counts[(int) (cluster - windowStart)] > 1) {
            throw Qcow2FormatException.corrupt(file.name(), "host cluster " + cluster
                    + " is used twice, and by one who thinks it is alone");
        }
    }

    private void countSnapshots() throws IOException {
        ByteBuffer fixed = ByteBuffer.allocateDirect(SNAPSHOT_BYTES);
        IoVector vector = new IoVector(1);
        vector.add(fixed, 0, SNAPSHOT_BYTES);
        long at = header.snapshotsOffset();
        for (int index = 0; index < header.snapshotCount(); index++) {
            if (file.read(at, vector) < SNAPSHOT_BYTES) {
                throw Qcow2FormatException.corrupt(file.name(), "snapshot " + index + " : at " + at
                        + " (expected: within the file)");
            }
            long l1Offset = fixed.getLong(0);
            int l1Entries = fixed.getInt(8);
            int extra = fixed.getInt(36);
            if (l1Entries < 0 || l1Entries * 8L > Qcow2Header.MAX_TABLE_BYTES || extra < 0 || extra > MAX_SNAPSHOT_EXTRA
                    || (l1Offset & (header.clusterBytes() - 1)) != 0 || l1Offset < 0
                    || l1Offset > image.fileEnd() - l1Entries * 8L) {
                throw Qcow2FormatException.corrupt(file.name(), "snapshot " + index + " : L1 table of " + l1Entries
                        + " entries at " + l1Offset);
            }
            count(l1Offset, l1Entries * 8L);
            countTables(Tables.read(file, l1Offset, l1Entries), false);
            at += (SNAPSHOT_BYTES + extra + (fixed.getShort(12) & 0xFFFF) + (fixed.getShort(14) & 0xFFFF) + 7) & -8L;
        }
        if (header.snapshotCount() > 0) {
            count(header.snapshotsOffset(), at - header.snapshotsOffset());
        }
    }

    private void checkInFile(String what, long offset) throws IOException {
        if ((offset & (header.clusterBytes() - 1)) != 0 || offset > image.fileEnd() - header.clusterBytes()) {
            throw Qcow2FormatException.corrupt(file.name(), what + " : at " + offset + " (expected: a cluster within "
                    + image.fileEnd() + " bytes)");
        }
    }

    /** One reference more to each cluster that the range touches. */
    private void count(long offset, long length) {
        long first = Math.max(windowStart, offset >>> clusterBits);
        long end = Math.min(windowEnd, (offset + length + header.clusterBytes() - 1) >>> clusterBits);
        for (long cluster = first; cluster < end; cluster++) {
            int index = (int) (cluster - windowStart);
            counts[index] = (char) Math.min(Character.MAX_VALUE, counts[index] + 1);
        }
    }
}
