package io.drover.agent.driver.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineDisk;
import java.io.IOException;
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
        device.addProperty("id", id(index));
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

    private static String id(int index) {
        return "virtio-" + node(index);
    }

    /** Where QEMU has the disk's device: of its two, behind the PCI function, the one that the image belongs to. */
    static String backend(int index) {
        return "/machine/peripheral/" + id(index) + "/virtio-backend";
    }

    /** What the guest has of it (QEMU QMP reference, ImageInfo). */
    static long sizeBytes(QmpClient monitor, int index) throws IOException {
        try {
            for (JsonElement each : monitor.execute("query-block").getAsJsonArray()) {
                JsonObject inserted = each.getAsJsonObject().getAsJsonObject("inserted");
                if (inserted != null && node(index).equals(inserted.get("node-name").getAsString())) {
                    return inserted.getAsJsonObject("image").get("virtual-size").getAsLong();
                }
            }
        } catch (RuntimeException e) {
            // Gson's ways to say that the answer has another shape.
            throw new IOException("QEMU's list of disks is not of the known shape", e);
        }
        throw new IOException("QEMU does not tell of disk " + index);
    }

    /** Makes it larger, and tells the guest. */
    static void resize(QmpClient monitor, int index, long sizeBytes) throws IOException {
        JsonObject arguments = new JsonObject();
        arguments.addProperty("node-name", node(index));
        arguments.addProperty("size", sizeBytes);
        monitor.execute("block_resize", arguments);
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
