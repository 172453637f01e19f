package io.drover.agent.driver;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A block device of a machine: a qcow2 image of the VM's own.
 *
 * @param file of the image, there when the machine starts
 * @param backing what the image lies on; empty: nothing
 * @param serial what the guest sees, at most 20 printable ASCII characters
 * @param writeThrough a write is durable when it is done; else when the guest has flushed after it
 * @param rate how fast it may be used
 */
public record MachineDisk(String name, Path file, Optional<Backing> backing, boolean readOnly, String serial,
        boolean writeThrough, Rate rate) {
    /**
     * What may be done in a second.
     *
     * @param bytesPerSecond 0: any
     * @param operationsPerSecond 0: any
     */
    public record Rate(long bytesPerSecond, long operationsPerSecond) {
        public static final Rate ANY = new Rate(0, 0);
    }

    /** Without limits. */
    public MachineDisk(String name, Path file, Optional<Backing> backing, boolean readOnly, String serial,
            boolean writeThrough) {
        this(name, file, backing, readOnly, serial, writeThrough, Rate.ANY);
    }

    /** How the bytes of a disk are kept in a file. Said by whoever registered the file, and never guessed from it. */
    public enum Format {
        RAW, QCOW2
    }

    /** A file that is only read, and lies on no other. */
    public record Backing(Path file, Format format) {
        public Backing {
            Objects.requireNonNull(file);
            Objects.requireNonNull(format);
        }
    }

    public MachineDisk {
        Objects.requireNonNull(name);
        Objects.requireNonNull(file);
        Objects.requireNonNull(backing);
        Objects.requireNonNull(serial);
        Objects.requireNonNull(rate);
    }
}
