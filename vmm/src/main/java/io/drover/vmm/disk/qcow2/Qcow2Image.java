package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.HostFile;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What is read of an image when it is opened, checked: header, L1 table and refcount table, all that they point to within the
 * file and no two tables in one place.
 */
final class Qcow2Image {
    private static final long L1_RESERVED = ~(L2Entry.COPIED | L2Entry.OFFSET_MASK);
    private static final long REFCOUNT_TABLE_RESERVED = 0x1FF;

    private final HostFile file;
    private final Qcow2Header header;
    private final long[] l1;
    private final long[] refcountTable;
    private final MetadataClusters metadata = new MetadataClusters();
    /** The file's size, rounded up to clusters. */
    private final long fileEnd;

    private Qcow2Image(HostFile file, Qcow2Header header, long[] l1, long[] refcountTable, long fileEnd) {
        this.file = file;
        this.header = header;
        this.l1 = l1;
        this.refcountTable = refcountTable;
        this.fileEnd = fileEnd;
    }

    /** Reads it. An image to be written to must be one that we can keep whole. */
    static Qcow2Image load(HostFile file, boolean readOnly) throws IOException {
        long fileSize = file.size();
        Qcow2Header header = Qcow2Header.parse(probe(file, fileSize), file.name(), fileSize);
        if (!readOnly) {
            checkWritable(file, header);
        }
        if (header.l1Entries() * 8L > Qcow2Header.MAX_TABLE_BYTES) {
            throw Qcow2FormatException.refused(file.name(), "L1 table of " + header.l1Entries()
                    + " entries (expected: up to " + Qcow2Header.MAX_TABLE_BYTES / 8 + ")",
                    "qemu-img convert -O qcow2 -o cluster_size=64k or larger");
        }
        long[] l1 = Tables.read(file, header.l1Offset(), header.l1Entries());
        long[] refcountTable = Tables.read(file, header.refcountTableOffset(),
                header.refcountTableClusters() << (header.clusterBits() - 3));
        long clusterMask = header.clusterBytes() - 1L;
        Qcow2Image image = new Qcow2Image(file, header, l1, refcountTable,
                (fileSize + clusterMask) & ~clusterMask);
        image.collectMetadata();
        return image;
    }

    private static ByteBuffer probe(HostFile file, long fileSize) throws IOException {
        int length = (int) Math.min(Qcow2Header.PROBE_BYTES, fileSize);
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.max(1, length));
        IoVector vector = new IoVector(1);
        vector.add(bytes, 0, length);
        bytes.limit((int) file.read(0, vector));
        return bytes;
    }

    private static void checkWritable(HostFile file, Qcow2Header header) throws IOException {
        if (header.has(Qcow2Header.CORRUPT)) {
            throw Qcow2FormatException.refused(file.name(), "marked corrupt, and may only be read",
                    "qemu-img check -r all " + file.name());
        }
        if ((header.autoclear() & Qcow2Header.BITMAPS) != 0) {
            throw Qcow2FormatException.refused(file.name(), "it has persistent bitmaps, which writing would make wrong",
                    "qemu-img bitmap --remove them, or open it read-only");
        }
    }

    Qcow2Header header() {
        return header;
    }

    /** As many entries as the header says. Not a copy. */
    long[] l1() {
        return l1;
    }

    /** All of it. Not a copy. */
    long[] refcountTable() {
        return refcountTable;
    }

    /** Where the file ends, rounded up to clusters. */
    long fileEnd() {
        return fileEnd;
    }

    ClusterMap map(long cacheBytes) {
        return new ClusterMap(file, header, l1, metadata, fileEnd, cacheBytes);
    }

    Refcounts refcounts(ClusterMap map) {
        return new Refcounts(file, header, refcountTable, map);
    }

    /** Two tables in one cluster would be written over each other. */
    private void collectMetadata() throws IOException {
        add("header", 0, header.clusterBytes());
        add("L1 table", header.l1Offset(), l1.length * 8L);
        add("refcount table", header.refcountTableOffset(), refcountTable.length * 8L);
        for (int index = 0; index < refcountTable.length; index++) {
            if (refcountTable[index] != 0) {
                addPointed("refcount table entry " + index, refcountTable[index], REFCOUNT_TABLE_RESERVED,
                        refcountTable[index]);
            }
        }
        for (int index = 0; index < l1.length; index++) {
            if (l1[index] != 0) {
                addPointed("L1 entry " + index, l1[index], L1_RESERVED, L2Entry.hostOffset(l1[index]));
            }
        }
    }

    private void addPointed(String what, long entry, long reserved, long offset) throws IOException {
        if ((entry & reserved) != 0 || offset <= 0 || (offset & (header.clusterBytes() - 1)) != 0
                || offset > fileEnd - header.clusterBytes()) {
            throw Qcow2FormatException.corrupt(file.name(), what + " : 0x" + Long.toHexString(entry)
                    + " (expected: the offset of a cluster within the " + fileEnd + " bytes of the file)");
        }
        add(what, offset, header.clusterBytes());
    }

    private void add(String what, long offset, long length) throws IOException {
        long first = offset >>> header.clusterBits();
        long end = (offset + length + header.clusterBytes() - 1) >>> header.clusterBits();
        for (long cluster = first; cluster < end; cluster++) {
            if (!metadata.add(cluster)) {
                throw Qcow2FormatException.corrupt(file.name(), what + " : at " + offset
                        + " (expected: where no other table is)");
            }
        }
    }
}
