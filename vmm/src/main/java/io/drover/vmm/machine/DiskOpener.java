package io.drover.vmm.machine;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.qcow2.Qcow2Disk;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Opens what a disk is kept in, in the formats that were said, backing files first. */
final class DiskOpener {
    /** For the tables of each qcow2 image: those of 8 GiB with clusters of 64 KiB. */
    private static final long CACHE_BYTES = 1 << 20;

    private DiskOpener() {}

    static Disk open(DiskSettings settings) throws IOException {
        List<DiskFile> layers = settings.backing();
        Optional<Disk> below = Optional.empty();
        for (int layer = layers.size() - 1; layer >= 0; layer--) {
            below = Optional.of(open(layers.get(layer), below, true));
        }
        return open(settings.file(), below, settings.readOnly());
    }

    /** Takes the disk below over, whatever happens. */
    private static Disk open(DiskFile file, Optional<Disk> below, boolean readOnly) throws IOException {
        boolean opened = false;
        LinuxFile host;
        try {
            if (file.format() == DiskFile.Format.RAW && below.isPresent()) {
                throw new IOException("disk " + file.path()
                        + " : raw with a backing file (expected: backing files of qcow2 images only)");
            }
            host = LinuxFile.open(file.path(), readOnly);
            opened = true;
        } finally {
            if (!opened && below.isPresent()) {
                below.get().close();
            }
        }
        return switch (file.format()) {
            case RAW -> RawDisk.open(host, readOnly);
            case QCOW2 -> Qcow2Disk.open(host, below, readOnly, CACHE_BYTES);
        };
    }
}
