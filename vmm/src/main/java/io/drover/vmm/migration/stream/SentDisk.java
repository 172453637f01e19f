package io.drover.vmm.migration.stream;

import io.drover.vmm.disk.TrackedDisk;
import java.util.Objects;

/**
 * A disk whose content is sent.
 *
 * @param id
 *            by which the receiver knows it too: 1 to 64 ASCII characters
 * @param disk
 *            somebody else's to close, also while it is sent, which fails then
 */
public record SentDisk(String id, TrackedDisk disk) {
    public SentDisk {
        Objects.requireNonNull(disk, "disk");
        if (id.isEmpty() || id.length() > Protocol.DISK_ID_BYTES) {
            throw new IllegalArgumentException("disk id : '" + id + "' (expected: 1 to " + Protocol.DISK_ID_BYTES
                    + " characters)");
        }
    }
}
