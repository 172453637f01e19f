package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each lie that an image can tell is refused, in words. Of clusters of 512 bytes: header, refcount table, block, L1 table. */
class HostileImageTest {
    private static final int CLUSTER = 512;
    private static final int SIZE = 64 << 10;
    private static final int REFCOUNT_TABLE = CLUSTER;
    private static final int BLOCK = 2 * CLUSTER;
    private static final int L1 = 3 * CLUSTER;
    private static final long COPIED = L2Entry.COPIED;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "0 | 4 | 1 | not a qcow2 image",
            "4 | 4 | 4 | qcow2 version : 4",
            "20 | 4 | 8 | cluster_bits : 8",
            "20 | 4 | 22 | cluster_bits : 22",
            "20 | 4 | -1 | cluster_bits : -1",
            "24 | 8 | -512 | size : 18446744073709551104",
            "24 | 8 | 511 | size : 511",
            "24 | 8 | 0x4000000000000000 | needs an L1 table",
            "32 | 4 | 1 | encrypted (crypt_method 1)",
            "36 | 4 | 1 | l1_size : 1 (expected: at least 2)",
            "36 | 4 | -1 | l1_size : -1",
            "36 | 4 | 0x7fffffff | l1_table : 17179869176 bytes at 1536",
            "40 | 8 | 0 | l1_table : 16 bytes at 0",
            "40 | 8 | 1000 | l1_table : 16 bytes at 1000",
            "40 | 8 | 0x7ffffffffffffe00 | l1_table",
            "40 | 8 | -512 | l1_table",
            "40 | 8 | 512 | refcount table : at 512 (expected: where no other table is)",
            "40 | 8 | 1024 | refcount table entry 0 : at 1024 (expected: where no other table is)",
            "48 | 8 | 0 | refcount_table",
            "48 | 8 | 1 | refcount_table",
            "48 | 8 | 0x100000 | refcount_table",
            "56 | 4 | 0 | refcount_table_clusters : 0",
            "56 | 4 | -1 | refcount_table_clusters : -1",
            "56 | 4 | 0x7fffffff | refcount_table_clusters",
            "60 | 4 | -1 | nb_snapshots : -1",
            "60 | 4 | 100000 | nb_snapshots : 100000",
            "60 | 4 | 1 | snapshots : 1 bytes at 0",
            "72 | 8 | 4 | its data is in another file",
            "72 | 8 | 8 | compression_type : 0 with its feature bit",
            "72 | 8 | 16 | it has subclusters",
            "72 | 8 | 0x8000000000000020 | unknown incompatible features: bit 5, bit 63",
            "96 | 4 | 7 | refcount_order : 7",
            "96 | 4 | -1 | refcount_order : -1",
            "100 | 4 | 96 | header_length : 96",
            "100 | 4 | 107 | header_length : 107",
            "100 | 4 | 1024 | header_length : 1024",
            "512 | 8 | 513 | refcount table entry 0 : 0x201",
            "512 | 8 | 0x7ffffffffffffe00 | refcount table entry 0",
            "512 | 8 | 512 | refcount table entry 0 : at 512 (expected: where no other table is)",
            "1536 | 8 | 0x600 | L1 entry 0 : at 1536 (expected: where no other table is)",
            "1536 | 8 | 0x10000 | L1 entry 0 : 0x10000 (expected: the offset of a cluster",
            "1536 | 8 | 0x201 | L1 entry 0 : 0x201",
            "1536 | 8 | 0x4000000000000200 | L1 entry 0"})
    void liesOfHeaderAndTablesAreRefused(int offset, int length, String value, String message) {
        assertThatThrownBy(() -> open(image -> {
            if (length == 4) {
                image.putInt(offset, Long.decode(value).intValue());
            } else {
                image.putLong(offset, value.startsWith("0x8") ? Long.parseUnsignedLong(value.substring(2), 16)
                        : Long.decode(value));
            }
        }, true)).isInstanceOf(Qcow2FormatException.class).hasMessageContaining("crashing")
                .hasMessageContaining(message)
                .hasMessageContaining("; next: ");
    }

    @Test
    void unknownFeatureIsNamedByTheImagesOwnTableWithoutWhatTerminalsObey() {
        assertThatThrownBy(() -> open(image -> {
            image.putLong(72, 1 << 7);
            image.putInt(104, Qcow2Header.FEATURE_NAMES);
            image.putInt(108, 48);
            image.put(112, (byte) 0).put(113, (byte) 7);
            image.put(114, "teleport\u001b[2J".getBytes(StandardCharsets.US_ASCII));
        }, true)).hasMessageContaining("unknown incompatible features: bit 7 (teleport?[2J)");
    }

    @Test
    void backingNameOutsideTheFirstClusterIsRefused() {
        for (long[] name : new long[][] {{400, 200}, {1 << 20, 4}, {-4, 4}, {200, -1}, {200, 0}, {Long.MAX_VALUE, 8}}) {
            assertThatThrownBy(() -> open(image -> image.putLong(8, name[0]).putInt(16, (int) name[1]), true))
                    .hasMessageContaining("backing file name : ");
        }
    }

    @Test
    void fileCutOffAnywhereIsRefusedOrReadAsFarAsItGoes() throws IOException {
        byte[] whole = image(ignored -> {});
        for (int length = 0; length < whole.length; length += 7) {
            CrashingFile file = new CrashingFile(Arrays.copyOf(whole, length));
            try (Disk disk = Qcow2Disk.open(file, Optional.empty(), true, 1)) {
                assertThat(DiskBytes.read(disk, 0, SIZE)).containsOnly(0);
            } catch (Qcow2FormatException expected) {
                assertThat(expected).hasMessageContaining("next: ");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0x100000, its data is behind the file's end", "0x7ffffffffffe00, its data is behind the file's end",
            "0x300, reserved bits", "0x802, reserved bits", "0x0100000000000800, reserved bits"})
    void badDataPointerFailsTheReadThatMeetsItAndNoOther(String entry, String message) throws IOException {
        try (Disk disk = withL2(Long.decode(entry) | COPIED, true)) {
            assertThatThrownBy(() -> DiskBytes.read(disk, 0, 512)).isInstanceOf(Qcow2FormatException.class)
                    .hasMessageContaining("L2 entry of guest offset 0").hasMessageContaining(message);
            assertThat(DiskBytes.read(disk, 512, 512)).containsOnly(0);
        }
    }

    @Test
    void guestNeverWritesToTheImagesOwnTables() throws IOException {
        for (int table : new int[] {REFCOUNT_TABLE, BLOCK, L1, 4 * CLUSTER}) {
            try (Disk disk = withL2(table | COPIED, false)) {
                assertThatThrownBy(() -> DiskBytes.write(disk, 0, new byte[512]))
                        .isInstanceOf(Qcow2FormatException.class)
                        .hasMessageContaining("the image's own tables are there");
            }
        }
    }

    @Test
    void clusterThatIsCountedFreeButHoldsATableIsNotAllocated() throws IOException {
        try (Disk disk = open(image -> image.putShort(BLOCK + 2 * 3, (short) 0), false)) {
            assertThatThrownBy(() -> DiskBytes.write(disk, 0, new byte[512])).isInstanceOf(Qcow2FormatException.class)
                    .hasMessageContaining("host cluster 3 : refcount 0");
        }
    }

    @Test
    void garbageInCompressedClustersFailsTheRead() throws IOException {
        // At an odd offset, of the most sectors, partly behind the file's end.
        try (Disk disk = withL2(L2Entry.COMPRESSED | 0x3L << 61 | 1234, true)) {
            assertThatThrownBy(() -> DiskBytes.read(disk, 0, 512)).isInstanceOf(Qcow2FormatException.class)
                    .hasMessageContaining("compressed cluster of ").hasMessageContaining("is no ZLIB");
        }
    }

    @Test
    void corruptImageIsOnlyRead() throws IOException {
        Consumer<ByteBuffer> corrupt = image -> image.putLong(72, Qcow2Header.CORRUPT);
        assertThatThrownBy(() -> open(corrupt, false)).hasMessageContaining("marked corrupt")
                .hasMessageContaining("qemu-img check -r all");
        try (Disk disk = open(corrupt, true)) {
            assertThat(DiskBytes.read(disk, 0, 512)).containsOnly(0);
        }
    }

    @Test
    void bitmapsThatWritingWouldMakeWrongForbidIt() throws IOException {
        Consumer<ByteBuffer> bitmaps = image -> image.putLong(88, Qcow2Header.BITMAPS);
        assertThatThrownBy(() -> open(bitmaps, false)).hasMessageContaining("persistent bitmaps");
        open(bitmaps, true).close();
    }

    @Test
    void dirtyImageWhoseClustersAreSharedInSecretIsNotRepaired() {
        assertThatThrownBy(() -> open(image -> {
            image.putLong(72, Qcow2Header.DIRTY);
            image.putLong(L1, 4 * CLUSTER | COPIED);
            image.putLong(4 * CLUSTER, 5 * CLUSTER | COPIED);
            image.putLong(4 * CLUSTER + 8, 5 * CLUSTER | COPIED);
        }, false)).hasMessageContaining("host cluster 5 is used twice");
    }

    private static Disk withL2(long entry, boolean readOnly) throws IOException {
        return open(image -> {
            image.putLong(L1, 4 * CLUSTER | COPIED);
            image.putShort(BLOCK + 2 * 4, (short) 1).putShort(BLOCK + 2 * 5, (short) 1);
            image.putLong(4 * CLUSTER, entry);
        }, readOnly);
    }

    private static Disk open(Consumer<ByteBuffer> lie, boolean readOnly) throws IOException {
        return Qcow2Disk.open(new CrashingFile(image(lie)), Optional.empty(), readOnly, 1);
    }

    private static byte[] image(Consumer<ByteBuffer> change) throws IOException {
        CrashingFile file = new CrashingFile(new byte[0]);
        new Qcow2Creation(SIZE, 9, 3, CompressionType.ZLIB, Optional.empty()).write(file);
        file.setSize(6 * CLUSTER);
        byte[] bytes = file.contents();
        change.accept(ByteBuffer.wrap(bytes));
        return bytes;
    }
}
