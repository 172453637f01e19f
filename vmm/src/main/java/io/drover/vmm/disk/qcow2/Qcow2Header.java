package io.drover.vmm.disk.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The header, checked: whatever it says is within the format's limits, ours, and the file's size. Offsets and sizes are bytes.
 *
 * @param backingName
 *            what the image says of its backing file. Never opened: only the operator names files.
 * @param l1Entries
 *            of the L1 table, at least as many as {@code size} needs
 * @param incompatible
 *            feature bits, none unknown
 * @param autoclear
 *            feature bits, as they are
 */
record Qcow2Header(int version, int clusterBits, long size, Optional<String> backingName, int l1Entries, long l1Offset,
        long refcountTableOffset, int refcountTableClusters, int refcountOrder, int snapshotCount, long snapshotsOffset,
        long incompatible, long autoclear, CompressionType compression) {
    static final int MAGIC = 0x514649FB;
    static final int MIN_CLUSTER_BITS = 9;
    static final int MAX_CLUSTER_BITS = 21;
    /** Of version 2; the fields that version 3 adds end at {@link #V3_BYTES}. */
    static final int V2_BYTES = 72;
    static final int V3_BYTES = 104;
    /** With compression_type and its padding. */
    static final int FULL_BYTES = 112;
    static final int SIZE_FIELD = 24;
    static final int L1_SIZE_FIELD = 36;
    static final int REFCOUNT_TABLE_FIELD = 48;
    static final int INCOMPATIBLE_FIELD = 72;
    static final int AUTOCLEAR_FIELD = 88;
    /** The longest name of a backing file. */
    static final int MAX_BACKING_NAME_BYTES = 1023;
    /** How much of the file is looked at: header, extensions and names lie within. */
    static final int PROBE_BYTES = 64 << 10;

    /** Incompatible features. */
    static final long DIRTY = 1;
    static final long CORRUPT = 2;
    static final long EXTERNAL_DATA_FILE = 4;
    static final long COMPRESSION_TYPE = 8;
    static final long EXTENDED_L2 = 16;
    /** Autoclear features. */
    static final long BITMAPS = 1;

    static final int END_OF_EXTENSIONS = 0;
    static final int BACKING_FORMAT = 0xE2792ACA;
    static final int FEATURE_NAMES = 0x6803F857;

    /**
     * Tables are kept in a VMM's heap of a few dozen MiB. 4 MiB of L1 are 256 TiB of disk with clusters of 64 KiB, of the
     * refcount table 1 PiB of file.
     */
    static final int MAX_TABLE_BYTES = 4 << 20;
    private static final int MAX_SNAPSHOTS = 65536;
    private static final int MAX_REFCOUNT_ORDER = 6;
    private static final int FEATURE_NAME_BYTES = 48;

    int clusterBytes() {
        return 1 << clusterBits;
    }

    /** Entries of 8 bytes in an L2 table. */
    int l2Entries() {
        return 1 << (clusterBits - 3);
    }

    /** How many entries of the L1 table a disk of that size needs. */
    static long l1EntriesFor(long size, int clusterBits) {
        int bitsPerEntry = 2 * clusterBits - 3;
        return (size >>> bitsPerEntry) + ((size & ((1L << bitsPerEntry) - 1)) == 0 ? 0 : 1);
    }

    boolean has(long incompatibleFeature) {
        return (incompatible & incompatibleFeature) != 0;
    }

    /**
     * Reads and checks a header.
     *
     * @param bytes
     *            the file's first {@link #PROBE_BYTES}, or all there are, from position 0, big endian
     * @param image
     *            the file's name, for messages
     */
    static Qcow2Header parse(ByteBuffer bytes, String image, long fileSize) throws IOException {
        if (bytes.limit() < V2_BYTES || bytes.getInt(0) != MAGIC) {
            throw Qcow2FormatException.refused(image, "not a qcow2 image", "name its real format (raw?)");
        }
        return new Parser(bytes, image, fileSize).parse();
    }

    private static final class Parser {
        private final ByteBuffer bytes;
        private final String image;
        private final long fileSize;

        Parser(ByteBuffer bytes, String image, long fileSize) {
            this.bytes = bytes;
            this.image = image;
            this.fileSize = fileSize;
        }

        Qcow2Header parse() throws IOException {
            int version = bytes.getInt(4);
            if (version != 2 && version != 3) {
                throw Qcow2FormatException.refused(image, "qcow2 version : " + Integer.toUnsignedString(version)
                        + " (expected: 2 or 3)", "qemu-img convert -O qcow2");
            }
            int clusterBits = bytes.getInt(20);
            if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
                throw corrupt("cluster_bits : " + clusterBits + " (expected: 9 to 21)");
            }
            if (bytes.getInt(32) != 0) {
                throw Qcow2FormatException.refused(image, "encrypted (crypt_method " + bytes.getInt(32) + ")",
                        "qemu-img convert it to a plain image; encrypt on the host's storage instead");
            }
            int headerBytes = version == 2 ? V2_BYTES : bytes.limit() < V3_BYTES ? 0 : bytes.getInt(100);
            if (headerBytes < (version == 2 ? V2_BYTES : V3_BYTES) || headerBytes % 8 != 0
                    || headerBytes > Math.min(1 << clusterBits, bytes.limit())) {
                throw corrupt("header_length : " + headerBytes + " (expected: 104 to a cluster, a multiple of 8)");
            }
            long incompatible = version == 2 ? 0 : bytes.getLong(INCOMPATIBLE_FIELD);
            checkFeatures(incompatible, headerBytes);
            CompressionType compression = compression(incompatible, headerBytes);
            int refcountOrder = version == 2 ? 4 : bytes.getInt(96);
            if (refcountOrder < 0 || refcountOrder > MAX_REFCOUNT_ORDER) {
                throw corrupt("refcount_order : " + refcountOrder + " (expected: 0 to 6)");
            }
            long size = bytes.getLong(SIZE_FIELD);
            if (size < 0 || size % 512 != 0) {
                throw corrupt("size : " + Long.toUnsignedString(size) + " (expected: a multiple of 512)");
            }
            int l1Entries = bytes.getInt(L1_SIZE_FIELD);
            long neededEntries = l1EntriesFor(size, clusterBits);
            if (neededEntries * 8 > MAX_TABLE_BYTES) {
                throw Qcow2FormatException.refused(image,
                        "disk of " + size + " bytes in clusters of " + (1 << clusterBits)
                                + " needs an L1 table of " + neededEntries * 8 + " bytes (expected: up to "
                                + MAX_TABLE_BYTES
                                + ")",
                        "qemu-img convert -O qcow2 -o cluster_size=64k or larger");
            }
            if (l1Entries < neededEntries) {
                throw corrupt("l1_size : " + l1Entries + " (expected: at least " + neededEntries + ")");
            }
            long l1Offset = bytes.getLong(40);
            checkTable("l1_table", l1Offset, l1Entries * 8L, clusterBits);
            long refcountTableOffset = bytes.getLong(REFCOUNT_TABLE_FIELD);
            int refcountTableClusters = bytes.getInt(56);
            if (refcountTableClusters <= 0 || (long) refcountTableClusters << clusterBits > MAX_TABLE_BYTES) {
                throw corrupt("refcount_table_clusters : " + refcountTableClusters + " (expected: 1 to "
                        + (MAX_TABLE_BYTES >> clusterBits) + ")");
            }
            checkTable("refcount_table", refcountTableOffset, (long) refcountTableClusters << clusterBits, clusterBits);
            int snapshotCount = bytes.getInt(60);
            long snapshotsOffset = bytes.getLong(64);
            if (snapshotCount < 0 || snapshotCount > MAX_SNAPSHOTS) {
                throw corrupt("nb_snapshots : " + snapshotCount + " (expected: 0 to " + MAX_SNAPSHOTS + ")");
            }
            if (snapshotCount > 0) {
                checkTable("snapshots", snapshotsOffset, 1, clusterBits);
            }
            return new Qcow2Header(version, clusterBits, size, backingName(clusterBits), l1Entries, l1Offset,
                    refcountTableOffset, refcountTableClusters, refcountOrder, snapshotCount, snapshotsOffset,
                    incompatible, version == 2 ? 0 : bytes.getLong(AUTOCLEAR_FIELD), compression);
        }

        private void checkFeatures(long incompatible, int headerBytes) throws IOException {
            if ((incompatible & EXTERNAL_DATA_FILE) != 0) {
                throw Qcow2FormatException.refused(image, "its data is in another file (external data file)",
                        "qemu-img convert -O qcow2 it into one file");
            }
            if ((incompatible & EXTENDED_L2) != 0) {
                throw Qcow2FormatException.refused(image, "it has subclusters (extended_l2)",
                        "qemu-img convert -O qcow2 -o extended_l2=off");
            }
            long unknown = incompatible & -(EXTENDED_L2 << 1);
            if (unknown != 0) {
                throw Qcow2FormatException.refused(image,
                        "unknown incompatible features: " + names(unknown, headerBytes),
                        "qemu-img convert -O qcow2 with the program that made it");
            }
        }

        private CompressionType compression(long incompatible, int headerBytes) throws IOException {
            int code = headerBytes > V3_BYTES ? bytes.get(V3_BYTES) & 0xFF : 0;
            boolean told = (incompatible & COMPRESSION_TYPE) != 0;
            if (code == CompressionType.ZLIB.code() && !told) {
                return CompressionType.ZLIB;
            }
            if (code == CompressionType.ZSTD.code() && told) {
                return CompressionType.ZSTD;
            }
            throw corrupt("compression_type : " + code + (told ? " with" : " without")
                    + " its feature bit (expected: 0 without, or 1 with)");
        }

        private void checkTable(String name, long offset, long length, int clusterBits) throws IOException {
            if (length == 0) {
                return;
            }
            long clusterMask = (1L << clusterBits) - 1;
            if (offset <= 0 || (offset & clusterMask) != 0 || length > fileSize || offset > fileSize - length) {
                throw corrupt(name + " : " + length + " bytes at " + Long.toUnsignedString(offset)
                        + " (expected: at the start of a cluster but the first, within the " + fileSize
                        + " bytes of the file)");
            }
        }

        private Optional<String> backingName(int clusterBits) throws IOException {
            long offset = bytes.getLong(8);
            int length = bytes.getInt(16);
            if (offset == 0) {
                return Optional.empty();
            }
            if (length <= 0 || length > MAX_BACKING_NAME_BYTES || offset < 0
                    || offset > Math.min(1 << clusterBits, bytes.limit()) - length) {
                throw corrupt("backing file name : " + length + " bytes at " + Long.toUnsignedString(offset)
                        + " (expected: up to 1023, within the first cluster)");
            }
            return Optional.of(printable((int) offset, length));
        }

        /** By the image's own table, where it has one: feature_type 0, bit number, name. */
        private String names(long features, int headerBytes) {
            List<String> names = new ArrayList<>();
            for (int bit = 0; bit < 64; bit++) {
                if ((features & (1L << bit)) != 0) {
                    names.add("bit " + bit + nameOf(bit, headerBytes));
                }
            }
            return String.join(", ", names);
        }

        private String nameOf(int bit, int headerBytes) {
            int at = headerBytes;
            while (at <= bytes.limit() - 8) {
                int type = bytes.getInt(at);
                int length = bytes.getInt(at + 4);
                if (type == END_OF_EXTENSIONS || length < 0 || length > bytes.limit() - at - 8) {
                    return "";
                }
                for (int entry = at + 8; type == FEATURE_NAMES
                        && entry <= at + 8 + length - FEATURE_NAME_BYTES; entry += FEATURE_NAME_BYTES) {
                    if (bytes.get(entry) == 0 && bytes.get(entry + 1) == bit) {
                        return " (" + printable(entry + 2, FEATURE_NAME_BYTES - 2) + ")";
                    }
                }
                at += 8 + ((length + 7) & ~7);
            }
            return "";
        }

        /** What an image says is printed to people's terminals. */
        private String printable(int offset, int length) {
            byte[] name = new byte[length];
            bytes.get(offset, name);
            StringBuilder text = new StringBuilder();
            for (char each : new String(name, StandardCharsets.UTF_8).toCharArray()) {
                if (each == 0) {
                    break;
                }
                text.append(Character.isISOControl(each) ? '?' : each);
            }
            return text.toString();
        }

        private IOException corrupt(String what) {
            return Qcow2FormatException.corrupt(image, what);
        }
    }
}
