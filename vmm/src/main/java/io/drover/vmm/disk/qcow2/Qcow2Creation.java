package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.Zeros;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * An image to be made, empty or lying on another one.
 *
 * @param size
 *            of the disk in bytes, a multiple of {@value Disk#SECTOR_BYTES}; a linked clone's is most often its backing disk's
 * @param clusterBits
 *            9 to 21; 16, which is 64 KiB, unless there is a reason
 * @param version
 *            2, which QEMU calls compat=0.10, or 3
 * @param compression
 *            of clusters that others will compress: ZSTD with version 3 only
 */
public record Qcow2Creation(long size, int clusterBits, int version, CompressionType compression,
        Optional<BackingFile> backing) {
    private static final int REFCOUNT_ORDER = 4;
    private static final int EXTENSION_HEADER_BYTES = 8;

    /**
     * What the image says it lies on, for other programs: we open what the operator names.
     *
     * @param name
     *            a path, absolute or relative to the image's folder; up to 1023 bytes
     * @param format
     *            "raw" or "qcow2"
     */
    public record BackingFile(String name, String format) {}

    /** Refuses what no image can be. */
    public Qcow2Creation {
        if (size < 0 || size % Disk.SECTOR_BYTES != 0) {
            throw new IllegalArgumentException("disk size : " + size + " (expected: a multiple of " + Disk.SECTOR_BYTES
                    + ")");
        }
        if (clusterBits < Qcow2Header.MIN_CLUSTER_BITS || clusterBits > Qcow2Header.MAX_CLUSTER_BITS) {
            throw new IllegalArgumentException("cluster_bits : " + clusterBits + " (expected: 9 to 21)");
        }
        if ((version != 2 && version != 3) || (version == 2 && compression != CompressionType.ZLIB)) {
            throw new IllegalArgumentException("qcow2 version : " + version + " with " + compression
                    + " (expected: 3, or 2 with ZLIB)");
        }
        if (Qcow2Header.l1EntriesFor(size, clusterBits) * 8 > Qcow2Header.MAX_TABLE_BYTES) {
            throw new IllegalArgumentException("disk size : " + size + " (expected: less with clusters of "
                    + (1 << clusterBits) + " bytes, or larger ones)");
        }
    }

    /** The usual: version 3, clusters of 64 KiB. */
    public static Qcow2Creation of(long size, Optional<BackingFile> backing) {
        return new Qcow2Creation(size, 16, 3, CompressionType.ZLIB, backing);
    }

    /**
     * Makes it. Durable when this returns, but for the file's name in its folder.
     *
     * @param file
     *            empty; stays open
     */
    public void write(HostFile file) throws IOException {
        long clusterBytes = 1L << clusterBits;
        int l1Entries = (int) Qcow2Header.l1EntriesFor(size, clusterBits);
        long l1Clusters = Math.max(1, clusters(l1Entries * 8L));
        long countsPerBlock = (clusterBytes * 8) >>> REFCOUNT_ORDER;
        long blocks = 1;
        long tableClusters = 1;
        while (1 + tableClusters + blocks + l1Clusters > blocks * countsPerBlock) {
            blocks++;
            tableClusters = clusters(blocks * 8);
        }
        long tableOffset = clusterBytes;
        long blocksOffset = tableOffset + tableClusters * clusterBytes;
        long l1Offset = blocksOffset + blocks * clusterBytes;
        long used = 1 + tableClusters + blocks + l1Clusters;

        long[] table = new long[(int) (tableClusters * clusterBytes / 8)];
        for (int block = 0; block < blocks; block++) {
            table[block] = blocksOffset + block * clusterBytes;
        }
        Tables.write(file, tableOffset, table);
        Tables.write(file, blocksOffset, counts(used, blocks * clusterBytes));
        Zeros.write(file, l1Offset, l1Clusters * clusterBytes);
        // Until the header is there, it is no image.
        file.flush();
        ByteBuffer header = header(l1Entries, l1Offset, tableOffset, (int) tableClusters, file.name());
        IoVector vector = new IoVector(1);
        vector.add(header, 0, header.capacity());
        file.write(0, vector);
        file.flush();
    }

    /** Four counts of 16 bits in each long. */
    private static long[] counts(long used, long bytes) {
        long[] counts = new long[(int) (bytes / 8)];
        for (long cluster = 0; cluster < used; cluster++) {
            counts[(int) (cluster / 4)] |= 1L << (48 - cluster % 4 * 16);
        }
        return counts;
    }

    private ByteBuffer header(int l1Entries, long l1Offset, long tableOffset, int tableClusters, String image)
            throws IOException {
        boolean told = compression != CompressionType.ZLIB;
        int headerBytes = version == 2 ? Qcow2Header.V2_BYTES : told ? Qcow2Header.FULL_BYTES : Qcow2Header.V3_BYTES;
        byte[] name = backing.map(BackingFile::name).orElse("").getBytes(StandardCharsets.UTF_8);
        byte[] format = backing.map(BackingFile::format).orElse("").getBytes(StandardCharsets.US_ASCII);
        int formatBytes = backing.isPresent() ? EXTENSION_HEADER_BYTES + ((format.length + 7) & -8) : 0;
        int nameOffset = headerBytes + formatBytes + EXTENSION_HEADER_BYTES;
        if (name.length > Math.min(Qcow2Header.MAX_BACKING_NAME_BYTES, (1 << clusterBits) - nameOffset)) {
            throw new IOException(image + ": the backing file's name has " + name.length
                    + " bytes (expected: up to 1023, and with the header within a cluster); next: use a shorter path");
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(1 << clusterBits);
        bytes.putInt(Qcow2Header.MAGIC).putInt(version);
        bytes.putLong(backing.isPresent() ? nameOffset : 0).putInt(name.length);
        bytes.putInt(clusterBits).putLong(size).putInt(0);
        bytes.putInt(l1Entries).putLong(l1Offset);
        bytes.putLong(tableOffset).putInt(tableClusters);
        bytes.putInt(0).putLong(0);
        if (version >= 3) {
            bytes.putLong(told ? Qcow2Header.COMPRESSION_TYPE : 0).putLong(0).putLong(0);
            bytes.putInt(REFCOUNT_ORDER).putInt(headerBytes);
        }
        if (told) {
            bytes.put((byte) compression.code());
        }
        bytes.position(headerBytes);
        if (backing.isPresent()) {
            bytes.putInt(Qcow2Header.BACKING_FORMAT).putInt(format.length).put(format);
        }
        bytes.position(nameOffset).put(name);
        return bytes;
    }

    private long clusters(long bytes) {
        return (bytes + (1L << clusterBits) - 1) >>> clusterBits;
    }
}
