package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Tells one image from another, for two hosts that believe to have the same: the size of the file, and what it begins with, which
 * in a qcow2 image are its tables. Finds mistakes, not deceit.
 */
public final class ImageFingerprint {
    private static final int BYTES = 1 << 20;

    private ImageFingerprint() {}

    /** Empty while the file is this process's alone, as it may change then. */
    public static OptionalLong ofReleased(HostFile file) throws IOException {
        if (file.isLocked()) {
            return OptionalLong.empty();
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
        IoVector vector = new IoVector(1);
        vector.add(buffer, 0, BYTES);
        long read = file.read(0, vector);
        CRC32C crc = new CRC32C();
        crc.update(buffer.limit((int) read));
        return OptionalLong.of((file.size() << Integer.SIZE) ^ crc.getValue());
    }
}
