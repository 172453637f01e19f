package io.drover.agent.driver.qemu;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineDisk;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A disk in QEMU's command line (qemu-block-drivers(7), docs/system/device-emulation in QEMU). As JSON, so that no path has to be
 * quoted; with all that the image lies on, so that no name inside a file is ever followed.
 */
final class QemuDisk {
    private QemuDisk() {}

    /**
     * The image and the device in front of it.
     *
     * @param index of the disk: QEMU's own names are shorter than a disk's may be
     */
    static List<String> arguments(MachineDisk disk, int index) {
        String node = node(index);
        JsonObject image = node(disk.file(), MachineDisk.Format.QCOW2, disk.readOnly());
        image.addProperty("node-name", node);
        image.addProperty("discard", "unmap");
        disk.backing().ifPresent(backing -> image.add("backing", node(backing.file(), backing.format(), true)));
        JsonObject device = new JsonObject();
        device.addProperty("driver", "virtio-blk-pci");
        device.addProperty("id", "virtio-" + node);
        device.addProperty("drive", node);
        device.addProperty("serial", disk.serial());
        // Without a cache the guest need not flush: QEMU does after each write.
        device.addProperty("write-cache", disk.writeThrough() ? "off" : "on");
        device.addProperty("disable-legacy", "on");
        return List.of("-blockdev", image.toString(), "-device", device.toString());
    }

    /** QEMU's name for the disk's image. */
    static String node(int index) {
        return "disk" + index;
    }

    private static JsonObject node(Path path, MachineDisk.Format format, boolean readOnly) {
        JsonObject file = new JsonObject();
        file.addProperty("driver", "file");
        file.addProperty("filename", path.toString());
        JsonObject image = new JsonObject();
        image.addProperty("driver", format.name().toLowerCase(Locale.ROOT));
        image.addProperty("read-only", readOnly);
        image.add("file", file);
        if (format == MachineDisk.Format.QCOW2) {
            image.add("backing", JsonNull.INSTANCE);
        }
        return image;
    }
}
