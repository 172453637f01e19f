package io.drover.vmm.disk.bench;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Requests one after the other, as {@code qemu-img bench --depth=1} makes them: each begins a step behind the one before,
 * round and round. Prints nanoseconds per request. Arguments: format, image, "read" or "write", count, bytes, step, and an
 * image of the same make to warm up on.
 */
final class DiskLoop {
    private static final int WARM_UP = 50_000;

    private DiskLoop() {}

    public static void main(String[] arguments) throws IOException {
        DiskFormat format = DiskFormat.valueOf(arguments[0].toUpperCase(Locale.ROOT));
        boolean write = arguments[2].equals("write");
        int count = Integer.parseInt(arguments[3]);
        int bytes = Integer.parseInt(arguments[4]);
        long step = Long.parseLong(arguments[5]);
        try (Disk warm = DiskImage.open(List.of(new DiskImage(Path.of(arguments[6]), format)), false)) {
            run(warm, write, Math.min(count, WARM_UP), bytes, step);
        }
        try (Disk disk = DiskImage.open(List.of(new DiskImage(Path.of(arguments[1]), format)), false)) {
            System.out.println(run(disk, write, count, bytes, step) / count);
        }
    }

    private static long run(Disk disk, boolean write, int count, int bytes, long step) throws IOException {
        IoVector vector = new IoVector(1);
        vector.add(ByteBuffer.allocateDirect(bytes), 0, bytes);
        long offset = 0;
        long start = System.nanoTime();
        for (int request = 0; request < count; request++) {
            if (write) {
                disk.write(offset, vector);
            } else {
                disk.read(offset, vector);
            }
            offset = (offset + step) % (disk.size() - bytes);
            offset -= offset % 4096;
        }
        if (write) {
            disk.flush();
        }
        return System.nanoTime() - start;
    }
}
