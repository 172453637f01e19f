package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that QEMU made, read and written by us; and ours, read and written by QEMU. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuImagesTest {
    private static final int SIZE = 5 << 20;
    private static final long CACHE = 1 << 20;
    private static final int[] CLUSTER_BITS = {12, 14, 16, 18, 20, 21};

    private final Random random = new Random(3);
    @TempDir
    private Path folder;

    @BeforeEach
    void needsQemu() {
        QemuImg.assumeInstalled();
    }

    static Stream<List<String>> options() {
        return Stream.concat(
                IntStream.rangeClosed(9, 21).boxed().flatMap(bits -> Stream.of("0.10", "1.1")
                        .map(compat -> List.of("cluster_size=" + (1 << bits) + ",compat=" + compat))),
                Stream.of(List.of("compat=0.10", "-c"), List.of("compat=1.1", "-c"),
                        List.of("cluster_size=512", "-c"), List.of("cluster_size=4k", "-c"),
                        List.of("cluster_size=2M", "-c"),
                        List.of("compression_type=zstd", "-c"), List.of("compression_type=zstd,cluster_size=512", "-c"),
                        List.of("compression_type=zstd,cluster_size=4k", "-c"),
                        List.of("compression_type=zstd,cluster_size=2M", "-c"),
                        List.of("refcount_bits=1"), List.of("refcount_bits=2"), List.of("refcount_bits=4"),
                        List.of("refcount_bits=8"), List.of("refcount_bits=32"), List.of("refcount_bits=64"),
                        List.of("lazy_refcounts=on"), List.of("preallocation=metadata"),
                        List.of("preallocation=full")));
    }

    @ParameterizedTest
    @MethodSource("options")
    void imagesThatQemuMakesAreReadAndWrittenRight(List<String> options) throws IOException {
        byte[] bytes = mixture(SIZE);
        Path raw = folder.resolve("raw");
        Files.write(raw, bytes);
        Path image = folder.resolve("image");
        if (options.size() == 2) {
            QemuImg.image("convert", options.get(1), "-f", "raw", "-O", "qcow2", "-o", options.getFirst(), raw, image);
        } else {
            QemuImg.image("convert", "-f", "raw", "-O", "qcow2", "-o", options.getFirst(), raw, image);
        }
        try (Disk disk = open(image, Optional.empty(), true)) {
            assertThat(disk.size()).isEqualTo(SIZE);
            assertThat(DiskBytes.read(disk, 0, SIZE)).isEqualTo(bytes);
        }
        try (Disk disk = open(image, Optional.empty(), false)) {
            change(disk, bytes);
            assertThat(DiskBytes.read(disk, 0, SIZE)).isEqualTo(bytes);
        }
        Files.write(raw, bytes);
        assertClean(image);
        QemuImg.image("compare", "-f", "qcow2", "-F", "raw", image, raw);
    }

    @Test
    void chainsAreReadThroughAndOnlyTheTopIsWritten() throws IOException {
        byte[] bytes = mixture(SIZE / 2);
        Path raw = folder.resolve("bottom.raw");
        Files.write(raw, bytes);
        Path middle = folder.resolve("middle.qcow2");
        QemuImg.image("create", "-f", "qcow2", "-b", raw, "-F", "raw", middle, SIZE - 512);
        assertThat(QemuImg.io(middle, "qcow2", "write -P 7 1000k 100k", "write -z 1500k 200k", "write -P 9 4000k 10k")
                .exitCode()).isZero();
        Path top = folder.resolve("top.qcow2");
        try (LinuxFile file = LinuxFile.create(top)) {
            Qcow2Creation.of(SIZE, Optional.of(new Qcow2Creation.BackingFile(middle.toString(), "qcow2"))).write(file);
        }
        assertThat(QemuImg.image("info", "--backing-chain", top)).contains("backing file: " + middle,
                "backing file: " + raw);
        byte[] expected = Arrays.copyOf(bytes, SIZE);
        Arrays.fill(expected, 1000 << 10, 1100 << 10, (byte) 7);
        Arrays.fill(expected, 1500 << 10, 1700 << 10, (byte) 0);
        Arrays.fill(expected, 4000 << 10, 4010 << 10, (byte) 9);
        byte[] middleBefore = Files.readAllBytes(middle);
        try (Disk disk = openChain(top, middle, raw)) {
            assertThat(DiskBytes.read(disk, 0, SIZE)).isEqualTo(expected);
            change(disk, expected);
            assertThat(DiskBytes.read(disk, 0, SIZE)).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(middle)).isEqualTo(middleBefore);
        assertClean(top);
        Path twin = folder.resolve("twin.raw");
        Files.write(twin, expected);
        QemuImg.image("compare", "-f", "qcow2", "-F", "raw", top, twin);
    }

    @Test
    void backingFileIsTheOperatorsWordAndNotTheImages() throws IOException {
        Path secret = folder.resolve("secret");
        Files.write(secret, mixture(SIZE));
        Path image = folder.resolve("image");
        QemuImg.image("create", "-f", "qcow2", "-b", secret, "-F", "raw", image);
        assertThatThrownBy(() -> open(image, Optional.empty(), true)).isInstanceOf(Qcow2FormatException.class)
                .hasMessageContaining("it lies on a backing file, which it calls '" + secret + "'")
                .hasMessageContaining("next: name the backing file");
        Path plain = folder.resolve("plain");
        QemuImg.image("create", "-f", "qcow2", plain, SIZE);
        assertThatThrownBy(() -> open(plain, Optional.of(RawDisk.open(LinuxFile.open(secret, true), true)), true))
                .isInstanceOf(Qcow2FormatException.class).hasMessageContaining("it has no backing file");
    }

    @Test
    void snapshotsKeepWhatTheyHaveWhileTheDiskIsWritten() throws IOException {
        byte[] before = mixture(SIZE);
        Path raw = folder.resolve("raw");
        Files.write(raw, before);
        Path image = folder.resolve("image");
        QemuImg.image("convert", "-f", "raw", "-O", "qcow2", raw, image);
        QemuImg.image("snapshot", "-c", "one", image);
        byte[] after = before.clone();
        try (Disk disk = open(image, Optional.empty(), false)) {
            change(disk, after);
            assertThat(DiskBytes.read(disk, 0, SIZE)).isEqualTo(after);
        }
        assertClean(image);
        Path kept = folder.resolve("kept.raw");
        QemuImg.image("convert", "-f", "qcow2", "-O", "raw", "-l", "one", image, kept);
        assertThat(Files.readAllBytes(kept)).isEqualTo(before);
        Files.write(raw, after);
        QemuImg.image("compare", "-f", "raw", "-F", "qcow2", raw, image);
    }

    @Test
    void imagesThatWeMakeAreQemusToo() throws IOException {
        for (int bits = 9; bits <= 21; bits++) {
            for (int version = 2; version <= 3; version++) {
                Path image = folder.resolve("image" + bits + version);
                CompressionType compression = version == 3 && bits % 2 == 0 ? CompressionType.ZSTD
                        : CompressionType.ZLIB;
                try (LinuxFile file = LinuxFile.create(image)) {
                    new Qcow2Creation(1L << 30, bits, version, compression, Optional.empty()).write(file);
                }
                assertThat(QemuImg.image("info", image)).contains("virtual size: 1 GiB", "cluster_size: " + (1 << bits),
                        version == 2 ? "compat: 0.10" : "compat: 1.1",
                        version == 2 ? "" : "compression type: " + compression.name().toLowerCase(Locale.ROOT));
                assertClean(image);
                assertThat(QemuImg.io(image, "qcow2", "write -P 5 900M 1M", "write -P 6 3k 1k").exitCode()).isZero();
                try (Disk disk = open(image, Optional.empty(), false)) {
                    assertThat(DiskBytes.read(disk, 900 << 20, 1 << 20)).containsOnly(5);
                    assertThat(DiskBytes.read(disk, 0, 3 << 10)).containsOnly(0);
                    DiskBytes.write(disk, 512, filled(512, 8));
                }
                assertThat(QemuImg.io(image, "qcow2", "read -P 8 512 512", "read -P 6 3k 1k").output())
                        .doesNotContain("failed");
                assertClean(image);
            }
        }
    }

    @Test
    void compressedClustersThatZstdMakesOfManyKindsOfDataAreReadRight() throws IOException {
        for (int round = 0; round < 12; round++) {
            byte[] bytes = texture(1 << 20, round);
            Path raw = folder.resolve("raw" + round);
            Files.write(raw, bytes);
            Path image = folder.resolve("image" + round);
            QemuImg.image("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd,cluster_size="
                    + (1 << CLUSTER_BITS[round % CLUSTER_BITS.length]), raw, image);
            try (Disk disk = open(image, Optional.empty(), true)) {
                assertThat(DiskBytes.read(disk, 0, bytes.length)).as("round %d", round).isEqualTo(bytes);
            }
        }
    }

    @Test
    void imageThatQemuLeftDirtyIsRepaired() throws IOException {
        Path image = folder.resolve("image");
        QemuImg.image("create", "-f", "qcow2", "-o", "lazy_refcounts=on", image, SIZE);
        // As a QEMU that is killed: refcounts were not written.
        assertThat(QemuImg.io(image, "qcow2", "write -P 5 100k 1M", "flush", "abort").exitCode()).isNotZero();
        assertThat(QemuImg.check(image).exitCode()).isEqualTo(2);
        try (Disk disk = open(image, Optional.empty(), false)) {
            assertThat(DiskBytes.read(disk, 100 << 10, 1 << 20)).containsOnly(5);
            DiskBytes.write(disk, 3 << 20, filled(1 << 20, 6));
        }
        assertClean(image);
        assertThat(QemuImg.io(image, "qcow2", "read -P 5 100k 1M", "read -P 6 3M 1M").output())
                .doesNotContain("failed");
    }

    @Test
    void growsAsQemuWouldAndDoesNotShrink() throws IOException {
        Path raw = folder.resolve("raw");
        Files.write(raw, filled(SIZE, 3));
        for (String options : List.of("cluster_size=512", "cluster_size=4k,compat=0.10", "cluster_size=64k")) {
            Path image = folder.resolve("image" + options);
            QemuImg.image("create", "-f", "qcow2", "-o", options, "-b", raw, "-F", "raw", image, 1 << 20);
            try (Disk disk = open(image, Optional.of(RawDisk.open(LinuxFile.open(raw, true), true)), false)) {
                DiskBytes.write(disk, (1 << 20) - 512, filled(512, 4));
                assertThatThrownBy(() -> disk.grow(1 << 19)).isInstanceOf(IOException.class)
                        .hasMessageContaining("shrinking would destroy data");
                disk.grow(SIZE * 4L);
                assertThat(disk.size()).isEqualTo(SIZE * 4L);
                assertThat(DiskBytes.read(disk, 0, (1 << 20) - 512)).containsOnly(3);
                assertThat(DiskBytes.read(disk, (1 << 20) - 512, 512)).containsOnly(4);
                assertThat(DiskBytes.read(disk, 1 << 20, SIZE)).containsOnly(0);
                DiskBytes.write(disk, SIZE * 4L - 4096, filled(4096, 5));
            }
            assertClean(image);
            assertThat(
                    QemuImg.io(image, "qcow2", "read -P 3 0 1023k", "read -P 0 1M 4M", "read -P 5 20476k 4k").output())
                    .doesNotContain("failed");
        }
    }

    /** Writes, zeros and discards, on the array too. */
    private void change(Disk disk, byte[] bytes) throws IOException {
        for (int round = 0; round < 60; round++) {
            int offset = random.nextInt(SIZE / 512) * 512;
            int length = Math.min(SIZE - offset, (1 + random.nextInt(round % 7 == 0 ? 2000 : 30)) * 512);
            if (round % 5 == 4) {
                Arrays.fill(bytes, offset, offset + length, (byte) 0);
                disk.writeZeroes(offset, length, random.nextBoolean());
            } else {
                byte[] some = DiskBytes.random(random, length);
                System.arraycopy(some, 0, bytes, offset, length);
                DiskBytes.write(disk, offset, some);
            }
        }
        int discarded = 1 << 20;
        disk.discard(discarded, 1 << 19);
        byte[] now = DiskBytes.read(disk, discarded, 1 << 19);
        System.arraycopy(now, 0, bytes, discarded, now.length);
    }

    private static void assertClean(Path image) throws IOException {
        assertThat(QemuImg.check(image)).extracting(QemuImg.Outcome::exitCode, QemuImg.Outcome::output)
                .first().as(() -> "qemu-img check").isEqualTo(0);
    }

    private Disk openChain(Path top, Path middle, Path raw) throws IOException {
        Disk bottom = RawDisk.open(LinuxFile.open(raw, true), true);
        return open(top, Optional.of(open(middle, Optional.of(bottom), true)), false);
    }

    private static Disk open(Path image, Optional<Disk> backing, boolean readOnly) throws IOException {
        return Qcow2Disk.open(LinuxFile.open(image, readOnly), backing, readOnly, CACHE);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    /** Zeros, noise and text by turns, in pieces of odd sizes. */
    private byte[] mixture(int length) {
        byte[] bytes = new byte[length];
        int at = 0;
        while (at < length) {
            int piece = Math.min(length - at, 512 * (1 + random.nextInt(300)));
            byte[] some = texture(piece, random.nextInt(12));
            System.arraycopy(some, 0, bytes, at, piece);
            at += piece;
        }
        return bytes;
    }

    /** Data of different make, for all that a compressor may do. */
    private byte[] texture(int length, int kind) {
        byte[] bytes = new byte[length];
        byte[] words = "the quick brown fox jumps over the lazy dog and a disk of many sectors ".getBytes(
                StandardCharsets.US_ASCII);
        switch (kind) {
            case 0 -> Arrays.fill(bytes, (byte) 0);
            case 1 -> random.nextBytes(bytes);
            case 2 -> Arrays.fill(bytes, (byte) random.nextInt());
            case 3, 4 -> {
                for (int at = 0; at < length; at++) {
                    bytes[at] = words[(at + (random.nextInt(kind == 3 ? 9 : 400) == 0 ? random.nextInt(50) : 0))
                            % words.length];
                }
            }
            case 5 -> {
                for (int at = 0; at + 8 <= length; at += 8) {
                    ByteBuffer.wrap(bytes).putLong(at, at * 31L + random.nextInt(4));
                }
            }
            case 6, 7, 8 -> {
                for (int at = 0; at < length; at++) {
                    bytes[at] = (byte) (random.nextGaussian() * (kind - 5) * 3);
                }
            }
            default -> {
                int at = 0;
                while (at < length) {
                    int run = Math.min(length - at, 1 + random.nextInt(1 << kind));
                    if (at > 0 && random.nextBoolean()) {
                        int back = 1 + random.nextInt(at);
                        for (int each = 0; each < run; each++) {
                            bytes[at + each] = bytes[at + each - back];
                        }
                    } else {
                        for (int each = 0; each < run; each++) {
                            bytes[at + each] = (byte) random.nextInt(kind * 10);
                        }
                    }
                    at += run;
                }
            }
        }
        return bytes;
    }
}
