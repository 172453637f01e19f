package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import java.io.IOException;
import java.util.Optional;

/** Does with an image whatever a VM may do with it: all may fail with an IOException, and nothing with anything else. */
final class HostileImageUse {
    private static final int PIECE = 64 << 10;

    private HostileImageUse() {}

    static void of(byte[] image) {
        read(image);
        write(image);
    }

    private static void read(byte[] image) {
        try (Disk disk = Qcow2Disk.open(new CrashingFile(image), Optional.empty(), true, 1)) {
            for (long at : new long[] {0, disk.size() / 2 & -512L, Math.max(0, disk.size() - PIECE)}) {
                attempt(() -> DiskBytes.read(disk, at, (int) Math.min(PIECE, disk.size() - at)));
            }
        } catch (IOException expected) {
            // It is as hostile as it should be.
        }
    }

    private static void write(byte[] image) {
        try (Disk disk = Qcow2Disk.open(new CrashingFile(image), Optional.empty(), false, 1)) {
            long end = disk.size();
            int piece = (int) Math.min(PIECE, end);
            attempt(() -> DiskBytes.write(disk, 0, new byte[piece]));
            attempt(() -> DiskBytes.write(disk, end - Math.min(end, 512), new byte[(int) Math.min(end, 512)]));
            attempt(() -> disk.discard(0, piece));
            attempt(disk::flush);
            attempt(() -> DiskBytes.write(disk, 0, new byte[Math.min(piece, 512)]));
            attempt(() -> disk.writeZeroes(end - piece, piece, true));
            attempt(() -> disk.writeZeroes(0, piece, false));
            attempt(() -> disk.grow(end + (1 << 20)));
            attempt(() -> DiskBytes.read(disk, 0, piece));
        } catch (IOException expected) {
            // So be it.
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (IOException expected) {
            // What fails leaves the disk usable.
        }
    }
}
