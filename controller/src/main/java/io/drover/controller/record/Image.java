package io.drover.controller.record;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What VMs boot from.
 *
 * @param requestId of the request that made it; empty when it had none
 */
public record Image(ImageId id, Source source, String description, Instant created,
        String requestId) implements StoredRecord {
    public sealed interface Source permits Kernel, Disk {
        /** The files it needs on a host. */
        List<ImageFile> files();
    }

    /**
     * A kernel that boots without a disk.
     *
     * @param commandLine of the kernel; a VM may append to it
     */
    public record Kernel(ImageFile kernel, Optional<ImageFile> initramfs, String commandLine) implements Source {
        @Override
        public List<ImageFile> files() {
            return initramfs.map(file -> List.of(kernel, file)).orElse(List.of(kernel));
        }
    }

    public record Disk(ImageFile file, Format format) implements Source {
        public enum Format {
            RAW, QCOW2
        }

        @Override
        public List<ImageFile> files() {
            return List.of(file);
        }
    }

    /**
     * A file of an image.
     *
     * @param fileName as the user called it; for people only
     */
    public record ImageFile(Sha256 sha256, long sizeBytes, String fileName) {}
}
