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
        Cache cache, Limits limits) {
    /** ATA gives a serial number 20 characters, and virtio-blk as many (virtio 1.2, 5.2.6). */
    public static final int MAX_SERIAL_CHARS = 20;

    /** When a write is durable. */
    public enum Cache {
        /** When the guest has flushed after it. */
        WRITE_BACK,
        /** When it is done. */
        WRITE_THROUGH
    }

    /**
     * What may be done with it in a second.
     *
     * @param bytesPerSecond 0: any
     * @param operationsPerSecond 0: any
     */
    public record Limits(long bytesPerSecond, long operationsPerSecond) {
        public static final Limits NONE = new Limits(0, 0);
    }

    /** Without limits. */
    public Disk(String name, Optional<ImageId> image, long sizeBytes, boolean readOnly, String givenSerial,
            Cache cache) {
        this(name, image, sizeBytes, readOnly, givenSerial, cache, Limits.NONE);
    }

    public Disk {
        IdSyntax.require("disk", name);
        if (sizeBytes < 0 || (sizeBytes == 0 && image.isEmpty())) {
            throw new IllegalArgumentException("size of disk " + name + " : " + sizeBytes
                    + " (expected: at least 1, or 0 with an image)");
        }
    }

    /** The same of another size. */
    public Disk withSize(long newSizeBytes) {
        return new Disk(name, image, newSizeBytes, readOnly, givenSerial, cache, limits);
    }

    /** The same with other limits. */
    public Disk withLimits(Limits newLimits) {
        return new Disk(name, image, sizeBytes, readOnly, givenSerial, cache, newLimits);
    }

    /** What the guest sees as the serial number. */
    public String serial() {
        return givenSerial.isEmpty() ? name.substring(0, Math.min(name.length(), MAX_SERIAL_CHARS)) : givenSerial;
    }
}
