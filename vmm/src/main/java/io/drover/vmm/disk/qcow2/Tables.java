package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.HostFile;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Whole tables of 8-byte entries, big endian, between the file and memory. */
final class Tables {
    private static final int PIECE_BYTES = 64 << 10;

    private Tables() {}

    /** What lies behind the end of the file is zeros. */
    static long[] read(HostFile file, long offset, int entries) throws IOException {
        long[] table = new long[entries];
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(PIECE_BYTES, Math.max(8, entries * 8L)));
        IoVector vector = new IoVector(1);
        int done = 0;
        while (done < entries) {
            int count = Math.min(piece.capacity() / 8, entries - done);
            vector.clear();
            vector.add(piece, 0, count * 8);
            long read = file.read(offset + done * 8L, vector);
            vector.clearBytes(read, count * 8L - read);
            for (int each = 0; each < count; each++) {
                table[done + each] = piece.getLong(each * 8);
            }
            done += count;
        }
        return table;
    }

    static void write(HostFile file, long offset, long[] table) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(PIECE_BYTES, Math.max(8, table.length * 8L)));
        IoVector vector = new IoVector(1);
        int done = 0;
        while (done < table.length) {
            int count = Math.min(piece.capacity() / 8, table.length - done);
            for (int each = 0; each < count; each++) {
                piece.putLong(each * 8, table[done + each]);
            }
            vector.clear();
            vector.add(piece, 0, count * 8);
            file.write(offset + done * 8L, vector);
            done += count;
        }
    }
}
