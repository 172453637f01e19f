package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Zeros to write from. */
public final class Zeros {
    private static final int BYTES = 64 << 10;
    /** Nobody writes to it. */
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(BYTES);

    private Zeros() {}

    /** Writes them, by plain writes: takes the space, and lengthens the file if need be. */
    public static void write(HostFile file, long offset, long length) throws IOException {
        IoVector vector = new IoVector(1);
        for (long done = 0; done < length; done += vector.byteCount()) {
            fill(vector, length - done);
            file.write(offset + done, vector);
        }
    }

    /** Makes a vector with a place left one of zeros: of as many as are asked for, or of the most there are. */
    public static void fill(IoVector vector, long length) {
        vector.clear();
        vector.add(ZEROS, 0, (int) Math.min(length, BYTES));
    }
}
