package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Good images with some of their numbers changed: as random as the fuzzer's, and the same at each run. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedImagesTest {
    private static final int ROUNDS = 6000;

    private final Random random = new Random(5);

    @Test
    void damageIsNeverMoreThanAnIoException() throws IOException {
        List<byte[]> seeds = seeds();
        for (int round = 0; round < ROUNDS; round++) {
            byte[] image = seeds.get(round % seeds.size()).clone();
            damage(image);
            int number = round;
            assertThatCode(() -> HostileImageUse.of(image)).as("round %d", number).doesNotThrowAnyException();
        }
    }

    /** The fuzzer's seeds, and what it found. */
    @ParameterizedTest
    @MethodSource("keptImages")
    void imagesThatAreKeptAreUsedOrRefused(String name) throws IOException {
        try (InputStream in = DamagedImagesTest.class.getResourceAsStream("hostile/" + name)) {
            byte[] image = in.readAllBytes();
            assertThatCode(() -> HostileImageUse.of(image)).doesNotThrowAnyException();
        }
    }

    static Stream<String> keptImages() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(Path.of(DamagedImagesTest.class.getResource("hostile").toURI()))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    private List<byte[]> seeds() throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        for (int version = 2; version <= 3; version++) {
            for (int bits : new int[] {9, 12}) {
                CrashingFile file = new CrashingFile(new byte[0]);
                new Qcow2Creation(256 << 10, bits, version, CompressionType.ZLIB, Optional.empty()).write(file);
                try (Disk disk = Qcow2Disk.open(file, Optional.empty(), false, 1)) {
                    DiskBytes.write(disk, 0, DiskBytes.random(random, 16 << 10));
                    disk.writeZeroes(0, 4 << 10, false);
                    disk.discard(8 << 10, 4 << 10);
                    disk.flush();
                    assertThat(disk.size()).isEqualTo(256 << 10);
                    seeds.add(file.contents());
                }
                seeds.add(file.contents());
            }
        }
        return seeds;
    }

    /** Most of what matters is a number of 4 or 8 bytes, and most of it near the beginning. */
    private void damage(byte[] image) {
        ByteBuffer bytes = ByteBuffer.wrap(image);
        int changes = 1 + random.nextInt(4);
        for (int change = 0; change < changes; change++) {
            int limit = random.nextBoolean() ? 112 : random.nextBoolean() ? 4096 : image.length;
            int at = random.nextInt(Math.min(limit, image.length) / 4 - 1) * 4;
            switch (random.nextInt(6)) {
                case 0 -> bytes.putInt(at, random.nextInt());
                case 1 -> bytes.putInt(at, random.nextInt(24));
                case 2 -> bytes.putLong(at, 1L << random.nextInt(64));
                case 3 ->
                    bytes.putLong(at & -8, (long) random.nextInt(64) * 512 | (random.nextLong() & L2Entry.COPIED));
                case 4 -> bytes.putLong(at & -8, bytes.getLong(at & -8) ^ 1L << random.nextInt(64));
                default -> bytes.putLong(at & -8, L2Entry.COMPRESSED | random.nextLong());
            }
        }
    }
}
