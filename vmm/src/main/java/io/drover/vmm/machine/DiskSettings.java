package io.drover.vmm.machine;

import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.virtio.block.BlockDevice;
import java.util.List;
import java.util.Objects;

/**
 * What a disk is to be.
 *
 * @param id
 *            1 to 63 of a-z, 0-9 and '-'
 * @param images
 *            at least one: each lies on the next, the guest's writes go to the first
 * @param serial
 *            at most {@link BlockDevice#MAX_SERIAL_BYTES} printable ASCII characters
 * @param writeThrough
 *            whether every write is durable when it is done
 * @param queues
 *            at most {@link BlockDevice#MAX_QUEUES}; 0: as suits the vCPUs
 * @param rate
 *            of all queues together
 */
public record DiskSettings(String id, List<DiskImage> images, boolean readOnly, String serial, boolean writeThrough,
        int queues, DiskRate rate) {
    private static final int MOST_QUEUES_BY_THEMSELVES = 4;

    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public DiskSettings {
        DeviceId.check("disk id", id);
        Objects.requireNonNull(rate, "rate");
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

    /** The same under another limit. */
    DiskSettings withRate(DiskRate newRate) {
        return new DiskSettings(id, images, readOnly, serial, writeThrough, queues, newRate);
    }

    int queuesFor(int vcpus) {
        return queues > 0 ? queues : Math.min(vcpus, MOST_QUEUES_BY_THEMSELVES);
    }
}
