package io.drover.vmm.disk.qcow2;

import io.drover.vmm.linux.IoVector;
import java.nio.ByteBuffer;

/** A part of a table of the image, in memory. Guarded by whatever guards its cache. */
final class TableSlice {
    static final long NOWHERE = -1;

    private final ByteBuffer bytes;
    private final IoVector vector;
    /** Links of {@link TableCache}: a slice is in one bucket and in the order of use. */
    TableSlice nextInBucket;
    TableSlice older;
    TableSlice newer;
    long offset = NOWHERE;
    boolean dirty;

    TableSlice(int length) {
        bytes = ByteBuffer.allocateDirect(length);
        vector = new IoVector(1);
        vector.add(bytes, 0, length);
    }

    /** Big endian, by bytes from the slice's start. */
    ByteBuffer bytes() {
        return bytes;
    }

    IoVector vector() {
        return vector;
    }

    long entry(int index) {
        return bytes.getLong(index << 3);
    }
}
