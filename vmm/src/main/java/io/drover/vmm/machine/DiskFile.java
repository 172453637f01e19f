package io.drover.vmm.machine;

import java.nio.file.Path;
import java.util.Objects;

/** A file or block device of the host that a disk is kept in, and how. */
public record DiskFile(Path path, Format format) {
    /** How a disk is kept in a file. */
    public enum Format {
        RAW, QCOW2
    }

    public DiskFile {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(format, "format");
    }
}
