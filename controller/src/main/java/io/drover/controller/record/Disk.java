package io.drover.controller.record;

import java.util.Optional;

/**
 * A block device that a VM has.
 *
 * @param name another for each disk of a VM
 * @param image what it begins as; empty: as zeros
 * @param sizeBytes 0: the image's
 * @param givenSerial as its user gave it; may be empty
 */
public record Disk(String name, Optional<ImageId> image, long sizeBytes, boolean readOnly, String givenSerial,
        Cache cache) {
    /** ATA gives a serial number 20 characters, and virtio-blk as many (virtio 1.2, 5.2.6). */
    public static final int MAX_SERIAL_CHARS = 20;

    /** When a write is durable. */
    public enum Cache {
        /** When the guest has flushed after it. */
        WRITE_BACK,
        /** When it is done. */
        WRITE_THROUGH
    }

    public Disk {
        IdSyntax.require("disk", name);
        if (sizeBytes < 0 || (sizeBytes == 0 && image.isEmpty())) {
            throw new IllegalArgumentException("size of disk " + name + " : " + sizeBytes
                    + " (expected: at least 1, or 0 with an image)");
        }
    }

    /** What the guest sees as the serial number. */
    public String serial() {
        return givenSerial.isEmpty() ? name.substring(0, Math.min(name.length(), MAX_SERIAL_CHARS)) : givenSerial;
    }
}
