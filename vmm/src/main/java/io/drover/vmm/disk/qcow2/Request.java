package io.drover.vmm.disk.qcow2;

import io.drover.vmm.linux.IoVector;
import java.nio.ByteBuffer;

/**
 * One call under way: the guest clusters it may touch, and the memory it works with, used again by the next. Belongs to the
 * thread of the call, but for the range, which {@link Requests} guards.
 */
final class Request {
    /** What a run of a guest's bytes is. */
    enum Kind {
        /** In the file, one after the other from {@link Request#hostOffset} on. */
        DATA,
        /** Zeros. */
        ZERO,
        /** Not in this image: the backing file's, or zeros. */
        UNALLOCATED,
        /** A part of one compressed cluster. */
        COMPRESSED
    }

    private static final int COPY_BYTES = 64 << 10;

    long firstCluster;
    long lastCluster;
    boolean exclusive;

    Kind kind = Kind.UNALLOCATED;
    /** Bytes of the run, at least one. */
    long bytes;
    /** Of DATA: where the run's first byte is. */
    long hostOffset;
    /** Of DATA: may be written in place. */
    boolean inPlace;
    /** The L2 entry of the run's first cluster. */
    long entry;

    /** A part of the caller's vector. */
    final IoVector part = new IoVector(IoVector.MAX_CAPACITY);
    private ByteBuffer copy;
    private final IoVector copyVector = new IoVector(1);

    /** The first bytes of a buffer to copy by, which is made when it is first needed. */
    IoVector copyVector(int length) {
        copyVector.clear();
        copyVector.add(copyBuffer(), 0, length);
        return copyVector;
    }

    int copyBytes() {
        return COPY_BYTES;
    }

    private ByteBuffer copyBuffer() {
        if (copy == null) {
            copy = ByteBuffer.allocateDirect(COPY_BYTES);
        }
        return copy;
    }
}
