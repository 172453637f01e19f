package io.drover.vmm.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawDiskTest {
    private static final int SIZE = 1 << 20;

    private final Random random = new Random(7);
    @TempDir
    private Path folder;
    private Path path;
    private Disk disk;

    @BeforeEach
    void open() throws IOException {
        path = folder.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
        }
        disk = RawDisk.open(LinuxFile.open(path, false), false);
    }

    @AfterEach
    void close() throws IOException {
        disk.close();
    }

    @Test
    void whatIsWrittenIsInTheFileAndIsRead() throws IOException {
        byte[] bytes = DiskBytes.random(random, 5 * 512);
        DiskBytes.write(disk, 3 * 512, bytes);
        disk.flush();
        assertThat(DiskBytes.read(disk, 3 * 512, bytes.length)).isEqualTo(bytes);
        assertThat(Files.readAllBytes(path)).hasSize(SIZE).containsSubsequence(bytes);
        assertThat(DiskBytes.read(disk, 8 * 512, 512)).containsOnly(0);
        assertThat(DiskBytes.read(disk, SIZE, 0)).isEmpty();
    }

    @Test
    void rangesThatAreNotTheDisksAreRefused() {
        for (long[] range : new long[][] {{SIZE, 512}, {-512, 512}, {0, SIZE + 512}, {Long.MAX_VALUE - 511, 512},
                {512, Long.MAX_VALUE - 511}, {0, -512}}) {
            assertThatThrownBy(() -> disk.discard(range[0], range[1])).isInstanceOf(IOException.class)
                    .hasMessageContaining("expected: within 1048576 bytes");
        }
        for (long[] range : new long[][] {{1, 512}, {0, 511}, {256, 256}}) {
            assertThatThrownBy(() -> disk.writeZeroes(range[0], range[1], true)).isInstanceOf(IOException.class)
                    .hasMessageContaining("expected: multiples of 512");
        }
        assertThatThrownBy(() -> DiskBytes.read(disk, SIZE - 512, 1024)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> DiskBytes.write(disk, SIZE - 512, new byte[1024])).isInstanceOf(IOException.class);
    }

    @Test
    void discardGivesSpaceBackAndZeroesAreZeros() throws IOException {
        byte[] all = DiskBytes.random(random, SIZE);
        DiskBytes.write(disk, 0, all);
        disk.flush();
        long before = blocks();
        disk.discard(0, SIZE / 2);
        disk.writeZeroes(SIZE / 2, SIZE / 4, true);
        disk.writeZeroes(3 * SIZE / 4, 512, false);
        disk.flush();
        assertThat(blocks()).isLessThan(before / 2);
        assertThat(DiskBytes.read(disk, SIZE / 2, SIZE / 4 + 512)).containsOnly(0);
        assertThat(DiskBytes.read(disk, 3 * SIZE / 4 + 512, 512)).isEqualTo(
                Arrays.copyOfRange(all, 3 * SIZE / 4 + 512, 3 * SIZE / 4 + 1024));
        assertThat(Files.size(path)).isEqualTo(SIZE);
    }

    @Test
    void readOnlyDiskIsOnlyRead() throws IOException {
        try (Disk readOnly = RawDisk.open(LinuxFile.open(path, true), true)) {
            assertThat(readOnly.readOnly()).isTrue();
            assertThat(DiskBytes.read(readOnly, 0, 512)).containsOnly(0);
            readOnly.flush();
            assertThatThrownBy(() -> DiskBytes.write(readOnly, 0, new byte[512])).isInstanceOf(IOException.class)
                    .hasMessage("disk is read-only (asked to change 512 bytes at 0)");
            assertThatThrownBy(() -> readOnly.discard(0, 512)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> readOnly.writeZeroes(0, 512, false)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> readOnly.grow(2 * SIZE)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void growsButDoesNotShrink() throws IOException {
        disk.grow(2L * SIZE);
        assertThat(disk.size()).isEqualTo(2L * SIZE);
        assertThat(DiskBytes.read(disk, 2L * SIZE - 512, 512)).containsOnly(0);
        assertThat(Files.size(path)).isEqualTo(2L * SIZE);
        assertThatThrownBy(() -> disk.grow(SIZE)).isInstanceOf(IOException.class)
                .hasMessageContaining("new disk size : "
                        + SIZE);
        assertThatThrownBy(() -> disk.grow(2L * SIZE + 1)).isInstanceOf(IOException.class);
    }

    @Test
    void fileOfNoWholeSectorsIsRefusedWithTheWayOut() throws IOException {
        Path odd = folder.resolve("odd");
        Files.write(odd, new byte[1000]);
        assertThatThrownBy(() -> RawDisk.open(LinuxFile.open(odd, false), false)).isInstanceOf(IOException.class)
                .hasMessageContaining("size : 1000").hasMessageContaining("truncate --size=%512 " + odd);
    }

    @Test
    void fileCutOffWhileInUseFailsTheRead() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE / 2);
        }
        assertThatThrownBy(() -> DiskBytes.read(disk, SIZE / 2 - 512, 1024)).isInstanceOf(IOException.class)
                .hasMessageContaining(path + " ends after " + SIZE / 2);
    }

    @Test
    void fullHostFileSystemNamesTheFileAndTheWayOut() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "/dev/full is not there");
        try (LinuxFile file = LinuxFile.open(full, false)) {
            IoVector vector = new IoVector(1);
            vector.add(ByteBuffer.allocateDirect(512), 0, 512);
            assertThatThrownBy(() -> file.write(0, vector)).isInstanceOf(IOException.class)
                    .hasMessageContaining("/dev/full: the host's file system is full; next: free space there")
                    .cause().hasMessageContaining("ENOSPC");
        }
    }

    private long blocks() throws IOException {
        // stat(2): st_blocks, in 512 bytes; the "unix" view does not tell it, so by du.
        Process du = new ProcessBuilder("du", "--block-size=512", path.toString()).start();
        return Long.parseLong(new String(du.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                .split("\t", -1)[0]);
    }
}
