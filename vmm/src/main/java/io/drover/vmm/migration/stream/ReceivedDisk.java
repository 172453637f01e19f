package io.drover.vmm.migration.stream;

import io.drover.vmm.disk.Disk;
import java.util.Objects;

/**
 * A disk whose content comes.
 *
 * @param id
 *            by which the sender knows it too
 * @param disk
 *            nobody else's until all has come; somebody else's to close
 */
public record ReceivedDisk(String id, Disk disk) {
    public ReceivedDisk {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(disk, "disk");
    }
}
