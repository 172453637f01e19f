package io.drover.agent.disk;

import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.NameSyntax;
import io.drover.agent.files.Sha256;
import io.drover.proto.agent.v1.StartVmRequest;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A disk that a VM is to have, as a controller asks.
 *
 * @param name safe as the name of a file
 * @param sizeBytes 0: the image's
 * @param serial 1 to 20 of A-Z, a-z, 0-9, '.', '_' and '-'
 */
public record DiskOrder(String name, Optional<Image> image, long sizeBytes, boolean readOnly, String serial,
        boolean writeThrough, MachineDisk.Rate rate) {
    private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9._-]{1,20}");
    private static final int SECTOR_BYTES = 512;

    /** What a disk begins as: a file that the host holds. */
    public record Image(Sha256 file, MachineDisk.Format format) {
        public Image {
            Objects.requireNonNull(file);
            Objects.requireNonNull(format);
        }
    }

    public DiskOrder {
        NameSyntax.check("disk name", name);
        if (sizeBytes < 0 || sizeBytes % SECTOR_BYTES != 0 || (sizeBytes == 0 && image.isEmpty())) {
            throw new IllegalArgumentException("size_bytes of disk " + name + " : " + sizeBytes
                    + " (expected: a multiple of " + SECTOR_BYTES + ", or 0 with an image)");
        }
        if (!SERIAL.matcher(serial).matches()) {
            throw new IllegalArgumentException("serial of disk " + name + " : " + serial
                    + " (expected: 1 to 20 of A-Z, a-z, 0-9, '.', '_' and '-')");
        }
    }

    /**
     * Reads a request.
     *
     * @throws IllegalArgumentException when there can be no such disk
     */
    public static DiskOrder of(StartVmRequest.Disk disk) {
        Optional<Image> image = disk.getImageSha256().isEmpty() ? Optional.empty()
                : Optional.of(new Image(new Sha256(disk.getImageSha256()), switch (disk.getImageFormat()) {
                    case RAW -> MachineDisk.Format.RAW;
                    case QCOW2 -> MachineDisk.Format.QCOW2;
                    case FORMAT_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("image_format of disk "
                            + disk.getName() + " : " + disk.getImageFormatValue() + " (expected: RAW or QCOW2)");
                }));
        return new DiskOrder(disk.getName(), image, disk.getSizeBytes(), disk.getReadOnly(), disk.getSerial(),
                disk.getWriteThrough(), new MachineDisk.Rate(disk.getBytesPerSecond(), disk.getOperationsPerSecond()));
    }
}
