package io.drover.vmm.process;

import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.machine.DiskRate;
import io.drover.vmm.machine.DiskSettings;
import java.util.ArrayList;
import java.util.List;

/** The machine's settings for disks out of the process's. */
final class DiskTranslation {
    private DiskTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static List<DiskSettings> of(VmmSettings settings) {
        List<DiskSettings> disks = new ArrayList<>();
        for (VmmDisk disk : settings.disks()) {
            disks.add(of(disk.id().isEmpty() ? disk.withId("disk" + disks.size()) : disk));
        }
        return disks;
    }

    /** One that has an id; refuses as the other does. */
    static DiskSettings of(VmmDisk disk) {
        List<DiskImage> images = new ArrayList<>();
        images.add(image(disk.file()));
        for (VmmDisk.File layer : disk.backing()) {
            images.add(image(layer));
        }
        return new DiskSettings(disk.id(), images, disk.readOnly(), disk.serial(),
                disk.cache() == VmmDisk.Cache.WRITE_THROUGH, disk.queues(),
                of(disk.rate()));
    }

    /** Refuses as the others do. */
    static DiskRate of(VmmDisk.Rate rate) {
        return new DiskRate(rate.bytesPerSecond(), rate.operationsPerSecond());
    }

    private static DiskImage image(VmmDisk.File file) {
        return new DiskImage(file.path(), file.format() == VmmDisk.Format.RAW ? DiskFormat.RAW : DiskFormat.QCOW2);
    }
}
