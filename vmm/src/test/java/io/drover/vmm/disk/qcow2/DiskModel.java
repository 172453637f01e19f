package io.drover.vmm.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a guest may expect of a disk. Each sector written is filled with a number of its own, so that a sector is told by one
 * long; 0 is a sector of zeros.
 */
final class DiskModel {
    private static final int SECTOR = Disk.SECTOR_BYTES;

    /** What a read must return, while there is no crash. */
    private long[] present;
    /** Sectors changed since the last flush: what else they may be after a crash. */
    private final Map<Integer, Set<Long>> sinceFlush = new HashMap<>();
    /** Sectors discarded and not written since: what they may be. */
    private final Map<Integer, Set<Long>> discarded = new HashMap<>();
    private long nextNumber = 1;

    DiskModel(int sectors) {
        present = new long[sectors];
    }

    /** A disk that begins with the contents of another one, as far as that goes. */
    static DiskModel lyingOn(DiskModel backing, int sectors) {
        DiskModel model = new DiskModel(sectors);
        System.arraycopy(backing.present, 0, model.present, 0, Math.min(sectors, backing.present.length));
        model.nextNumber = 1L << 40;
        return model;
    }

    int sectors() {
        return present.length;
    }

    /** What is to be written there next: the model takes it as written, or perhaps written. */
    byte[] write(int sector, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count * SECTOR);
        for (int each = sector; each < sector + count; each++) {
            change(each, nextNumber);
            for (int at = 0; at < SECTOR; at += 8) {
                bytes.putLong(nextNumber);
            }
            nextNumber++;
        }
        return bytes.array();
    }

    void zero(int sector, int count) {
        for (int each = sector; each < sector + count; each++) {
            change(each, 0);
        }
    }

    void discard(int sector, int count) {
        for (int each = sector; each < sector + count; each++) {
            Set<Long> possible = discarded.computeIfAbsent(each, ignored -> new HashSet<>());
            possible.add(present[each]);
            possible.add(0L);
            sinceFlush.computeIfAbsent(each, ignored -> new HashSet<>()).addAll(possible);
        }
    }

    void flush() {
        sinceFlush.clear();
    }

    void grow(int sectors) {
        present = Arrays.copyOf(present, sectors);
    }

    /** A read of sectors: each is what it must be. */
    void check(Disk disk, int sector, int count) throws IOException {
        long[] read = read(disk, sector, count);
        for (int each = 0; each < count; each++) {
            int at = sector + each;
            if (discarded.containsKey(at)) {
                assertThat(discarded.get(at)).as("discarded sector %d", at).contains(read[each]);
            } else {
                assertThat(read[each]).as("sector %d", at).isEqualTo(present[at]);
            }
        }
    }

    /** After a crash: each sector is what was flushed last or something later, and what it is it stays. */
    void settle(Disk disk) throws IOException {
        long[] read = read(disk, 0, sectors());
        for (int sector = 0; sector < sectors(); sector++) {
            Set<Long> possible = new HashSet<>(sinceFlush.getOrDefault(sector, Set.of()));
            possible.addAll(discarded.getOrDefault(sector, Set.of()));
            if (!discarded.containsKey(sector)) {
                possible.add(present[sector]);
            }
            assertThat(possible).as("sector %d after a crash", sector).contains(read[sector]);
            present[sector] = read[sector];
        }
        discarded.clear();
        sinceFlush.clear();
    }

    private void change(int sector, long number) {
        Set<Long> possible = sinceFlush.computeIfAbsent(sector, ignored -> new HashSet<>());
        possible.add(present[sector]);
        possible.addAll(discarded.getOrDefault(sector, Set.of()));
        discarded.remove(sector);
        present[sector] = number;
    }

    private static long[] read(Disk disk, int sector, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(DiskBytes.read(disk, (long) sector * SECTOR, count * SECTOR));
        long[] numbers = new long[count];
        for (int each = 0; each < count; each++) {
            numbers[each] = bytes.getLong(each * SECTOR);
            for (int at = 8; at < SECTOR; at += 8) {
                assertThat(bytes.getLong(each * SECTOR + at)).as("torn sector %d", sector + each)
                        .isEqualTo(numbers[each]);
            }
        }
        return numbers;
    }
}
