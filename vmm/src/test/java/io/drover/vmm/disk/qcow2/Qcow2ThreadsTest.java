package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.LinuxFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several queues at once: each has sectors of its own, in clusters that all share. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Qcow2ThreadsTest {
    private static final int THREADS = 4;
    private static final int SECTORS = 8192;
    private static final int SECTOR = Disk.SECTOR_BYTES;

    @TempDir
    private Path folder;

    @Test
    void eachThreadReadsWhatItWrote() throws Exception {
        for (int clusterBits : new int[] {9, 12, 16}) {
            Path image = folder.resolve("image" + clusterBits);
            try (LinuxFile file = LinuxFile.create(image)) {
                new Qcow2Creation((long) SECTORS * SECTOR, clusterBits, 3, CompressionType.ZLIB, Optional.empty())
                        .write(file);
            }
            try (Disk disk = Qcow2Disk.open(LinuxFile.open(image, false), Optional.empty(), false, 1);
                    ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                List<Future<?>> all = new ArrayList<>();
                for (int thread = 0; thread < THREADS; thread++) {
                    int number = thread;
                    all.add(threads.submit(() -> {
                        use(disk, number);
                        return number;
                    }));
                }
                for (Future<?> each : all) {
                    each.get(100, TimeUnit.SECONDS);
                }
            }
            if (Path.of("/usr/bin/qemu-img").toFile().canExecute()) {
                assertThat(QemuImg.check(image).output()).contains("No errors were found");
            }
        }
    }

    /** Sectors whose number is the thread's, modulo the threads. */
    private static void use(Disk disk, int thread) throws Exception {
        Random random = new Random(thread);
        byte[] present = new byte[SECTORS];
        boolean[] unknown = new boolean[SECTORS];
        for (int round = 0; round < 4000; round++) {
            int sector = random.nextInt(SECTORS / THREADS) * THREADS + thread;
            long offset = (long) sector * SECTOR;
            int choice = random.nextInt(100);
            if (choice < 45) {
                present[sector] = (byte) random.nextInt();
                unknown[sector] = false;
                byte[] bytes = new byte[SECTOR];
                Arrays.fill(bytes, present[sector]);
                DiskBytes.write(disk, offset, bytes);
            } else if (choice < 85) {
                if (!unknown[sector]) {
                    assertThat(DiskBytes.read(disk, offset, SECTOR)).containsOnly(present[sector]);
                }
            } else if (choice < 92) {
                present[sector] = 0;
                unknown[sector] = false;
                disk.writeZeroes(offset, SECTOR, random.nextBoolean());
            } else if (choice < 98) {
                unknown[sector] = true;
                disk.discard(offset, SECTOR);
            } else {
                disk.flush();
            }
        }
    }
}
