package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.CrashingFile.SimulatedCrash;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations and crashes at random calls. After each crash {@code qemu-img check} finds nothing corrupt, each sector
 * is what was flushed last or something later, and once we have opened and closed the image it is clean.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Qcow2CrashTest {
    private static final int SECTOR = Disk.SECTOR_BYTES;
    private static final int CLEAN = 0;
    private static final int LEAKS = 3;

    @TempDir
    private Path folder;

    @BeforeEach
    void needsQemu() {
        QemuImg.assumeInstalled();
    }

    /** Three seeds, and more for whoever has the time: {@code -Ddrover.soak=100} adds those from 1000 to 1099. */
    static LongStream seeds() {
        return LongStream.concat(LongStream.of(1, 2, 3),
                LongStream.range(1000, 1000 + Integer.getInteger("drover.soak", 0)));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void crashesLoseNothingThatWasFlushed(long seed) throws IOException {
        run(seed, 10_000);
    }

    private void run(long seed, int operations) throws IOException {
        Random random = new Random(seed);
        int done = 0;
        int crashes = 0;
        while (done < operations) {
            Life life = new Life(random, folder);
            int end = Math.min(operations, done + 500);
            while (done < end) {
                done++;
                crashes += life.step() ? 1 : 0;
            }
            life.end();
        }
        assertThat(crashes).isGreaterThan(operations / 200);
    }

    /** One image, from its making on. */
    private static final class Life {
        private final Random random;
        private final Path image;
        private final Optional<Path> backing;
        private final int version;
        private final DiskModel model;
        private final String what;
        private CrashingFile file;
        private Disk disk;

        Life(Random random, Path folder) throws IOException {
            this.random = random;
            this.image = folder.resolve("image.qcow2");
            this.version = 2 + random.nextInt(2);
            int clusterBits = new int[] {9, 10, 12, 16}[random.nextInt(4)];
            int sectors = clusterBits <= 10 ? 1500 + random.nextInt(2000) : 4096 + random.nextInt(12_000);
            boolean lies = random.nextInt(3) == 0;
            this.what = "version " + version + ", cluster bits " + clusterBits + ", backing " + lies;
            if (lies) {
                Path raw = folder.resolve("backing.raw");
                DiskModel under = new DiskModel(sectors / 2 + random.nextInt(sectors));
                Files.write(raw, under.write(0, under.sectors()));
                backing = Optional.of(raw);
                model = DiskModel.lyingOn(under, sectors);
            } else {
                backing = Optional.empty();
                model = new DiskModel(sectors);
            }
            file = new CrashingFile(new byte[0]);
            new Qcow2Creation((long) sectors * SECTOR, clusterBits, version, CompressionType.ZLIB,
                    backing.map(path -> new Qcow2Creation.BackingFile(path.toString(), "raw"))).write(file);
            open();
        }

        private void open() throws IOException {
            // Little memory, so that slices are evicted.
            disk = Qcow2Disk.open(file, backing.isEmpty() ? Optional.empty() : Optional.of(openBacking()), false, 1);
            assertThat(disk.size()).isEqualTo((long) model.sectors() * SECTOR);
            file.crashAfter(random.nextInt(4) == 0 ? Integer.MAX_VALUE : random.nextInt(200));
        }

        private Disk openBacking() throws IOException {
            return RawDisk.open(LinuxFile.open(backing.orElseThrow(), true), true);
        }

        /** Whether it crashed. */
        boolean step() throws IOException {
            try {
                operate();
                return false;
            } catch (SimulatedCrash expected) {
                recover();
                return true;
            }
        }

        private void operate() throws IOException {
            int count = 1 + (random.nextInt(4) == 0 ? random.nextInt(600) : random.nextInt(20));
            int sector = random.nextInt(model.sectors());
            count = Math.min(count, model.sectors() - sector);
            long offset = (long) sector * SECTOR;
            long length = (long) count * SECTOR;
            int choice = random.nextInt(100);
            if (choice < 45) {
                DiskBytes.write(disk, offset, model.write(sector, count));
            } else if (choice < 60) {
                model.check(disk, sector, count);
            } else if (choice < 72) {
                model.zero(sector, count);
                disk.writeZeroes(offset, length, random.nextBoolean());
            } else if (choice < 84) {
                model.discard(sector, count);
                disk.discard(offset, length);
            } else if (choice < 97) {
                disk.flush();
                model.flush();
            } else if (choice < 98) {
                grow();
            } else {
                disk.close();
                model.flush();
                open();
            }
        }

        private void grow() throws IOException {
            int sectors = model.sectors() + random.nextInt(500);
            try {
                disk.grow((long) sectors * SECTOR);
                model.grow(sectors);
            } catch (SimulatedCrash e) {
                // Either size may have survived; the larger one's new sectors are zeros.
                pendingGrowth = sectors;
                throw e;
            }
        }

        private int pendingGrowth;

        private void recover() throws IOException {
            file = new CrashingFile(file.afterCrash(random));
            file.save(image);
            QemuImg.Outcome outcome = QemuImg.check(image);
            assertThat(outcome.exitCode()).as("%s: %s", what, outcome.output()).isIn(CLEAN, LEAKS);
            growIfItSurvived();
            open();
            file.crashAfter(Integer.MAX_VALUE);
            model.settle(disk);
            disk.close();
            checkClean();
            open();
        }

        private void growIfItSurvived() throws IOException {
            try (Disk look = Qcow2Disk.open(new CrashingFile(file.contents()),
                    backing.isEmpty() ? Optional.empty() : Optional.of(openBacking()), true, 1)) {
                if (look.size() == (long) pendingGrowth * SECTOR) {
                    model.grow(pendingGrowth);
                }
            }
        }

        private void checkClean() throws IOException {
            file.save(image);
            QemuImg.Outcome outcome = QemuImg.check(image);
            // Version 2 cannot be marked, so that what a crash left in it stays lost.
            assertThat(outcome.exitCode()).as("%s: %s", what, outcome.output())
                    .isIn(version == 2 ? new Object[] {CLEAN, LEAKS} : new Object[] {CLEAN});
        }

        /** QEMU reads what we read. */
        void end() throws IOException {
            file.crashAfter(Integer.MAX_VALUE);
            model.check(disk, 0, model.sectors());
            Path twin = image.resolveSibling("twin.raw");
            Files.write(twin, DiskBytes.read(disk, 0, model.sectors() * SECTOR));
            disk.close();
            checkClean();
            QemuImg.image("compare", "-f", "qcow2", "-F", "raw", image, twin);
        }
    }
}
