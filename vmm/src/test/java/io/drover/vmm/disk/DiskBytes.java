package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/** Reads and writes of a disk by arrays, in vectors of several pieces. */
public final class DiskBytes {
    private DiskBytes() {}

    public static byte[] read(Disk disk, long offset, int length) throws IOException {
        ByteBuffer memory = ByteBuffer.allocateDirect(Math.max(1, length));
        disk.read(offset, pieces(memory, length));
        byte[] bytes = new byte[length];
        memory.get(0, bytes);
        return bytes;
    }

    public static void write(Disk disk, long offset, byte[] bytes) throws IOException {
        ByteBuffer memory = ByteBuffer.allocateDirect(Math.max(1, bytes.length));
        memory.put(0, bytes);
        disk.write(offset, pieces(memory, bytes.length));
    }

    public static byte[] random(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** The same memory in up to three pieces that do not end with sectors. */
    public static IoVector pieces(ByteBuffer memory, int length) {
        IoVector vector = new IoVector(3);
        int first = length / 3;
        vector.add(memory, 0, first);
        vector.add(memory, first, first);
        vector.add(memory, 2 * first, length - 2 * first);
        return vector;
    }
}
