package io.drover.vmm.machine;

import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.virtio.block.BlockDevice;
import java.util.List;

/**
 * What a disk is to be.
 *
 * @param images
 *            at least one: each lies on the next, the guest's writes go to the first
 * @param serial
 *            at most {@link BlockDevice#MAX_SERIAL_BYTES} printable ASCII characters
 * @param writeThrough
 *            whether every write is durable when it is done
 * @param queues
 *            at most {@link BlockDevice#MAX_QUEUES}; 0: as suits the vCPUs
 */
public record DiskSettings(List<DiskImage> images, boolean readOnly, String serial, boolean writeThrough, int queues) {
    private static final int MOST_QUEUES_BY_THEMSELVES = 4;

    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public DiskSettings {
        images = List.copyOf(images);
        DiskImage file = images.getFirst();
        boolean printable = true;
        for (int i = 0; i < serial.length(); i++) {
            printable &= serial.charAt(i) > ' ' && serial.charAt(i) <= '~';
        }
        if (!printable || serial.length() > BlockDevice.MAX_SERIAL_BYTES) {
            throw new IllegalArgumentException("serial of disk " + file.path() + " : '" + serial
                    + "' (expected: at most " + BlockDevice.MAX_SERIAL_BYTES + " printable ASCII characters)");
        }
        if (queues < 0 || queues > BlockDevice.MAX_QUEUES) {
            throw new IllegalArgumentException("queues of disk " + file.path() + " : " + queues
                    + " (expected: 0 to " + BlockDevice.MAX_QUEUES + ")");
        }
    }

    int queuesFor(int vcpus) {
        return queues > 0 ? queues : Math.min(vcpus, MOST_QUEUES_BY_THEMSELVES);
    }
}
