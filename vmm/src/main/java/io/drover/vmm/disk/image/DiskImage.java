package io.drover.vmm.disk.image;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.Qcow2Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An image file that the operator named.
 *
 * @param path
 *            a file, or a block device of the host
 */
public record DiskImage(Path path, DiskFormat format) {
    /**
     * Memory for L2 tables of one image: 4 MiB are 32 GiB of disk with clusters of 64 KiB at hand, and are taken only as they
     * are used. What lies under an image is read less.
     */
    private static final long CACHE_BYTES = 4 << 20;
    private static final long BACKING_CACHE_BYTES = 1 << 20;

    /**
     * Opens the first image as a disk, on top of the others, which are only read. Each is locked, as QEMU does it, until the
     * disk is closed.
     *
     * @param chain
     *            at least one; each qcow2 image but the last lies on the next
     */
    public static Disk open(List<DiskImage> chain, boolean readOnly) throws IOException {
        return open(chain, readOnly, CACHE_BYTES);
    }

    /**
     * Opens the first image to look at, without a lock, as somebody else may have it still: it must not be written to meanwhile.
     */
    static Disk openToLookAt(List<DiskImage> chain) throws IOException {
        DiskImage top = chain.getFirst();
        LinuxFile file = LinuxFile.open(top.path, true);
        if (top.format == DiskFormat.RAW) {
            return RawDisk.open(file, true);
        }
        Optional<Disk> backing;
        try {
            List<DiskImage> rest = chain.subList(1, chain.size());
            backing = rest.isEmpty() ? Optional.empty() : Optional.of(open(rest, true, BACKING_CACHE_BYTES));
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return Qcow2Disk.open(file, backing, true, BACKING_CACHE_BYTES);
    }

    private static Disk open(List<DiskImage> chain, boolean readOnly, long cacheBytes) throws IOException {
        DiskImage top = chain.getFirst();
        List<DiskImage> rest = chain.subList(1, chain.size());
        return switch (top.format) {
            case RAW -> {
                if (!rest.isEmpty()) {
                    throw new IOException(top.path + ": a raw image lies on nothing (given: " + rest.getFirst().path
                            + "); next: name it last");
                }
                yield RawDisk.open(LinuxFile.openLocked(top.path, readOnly), readOnly);
            }
            case QCOW2 -> {
                // The top first: whoever else has it is told of, before what lies under it is looked at.
                LinuxFile file = LinuxFile.openLocked(top.path, readOnly);
                Optional<Disk> backing;
                try {
                    backing = rest.isEmpty() ? Optional.empty() : Optional.of(open(rest, true, BACKING_CACHE_BYTES));
                } catch (IOException e) {
                    file.close();
                    throw e;
                }
                yield Qcow2Disk.open(file, backing, readOnly, cacheBytes);
            }
        };
    }

    /** Makes a qcow2 image. Fails where there is a file, and leaves none when it fails. */
    public static void create(Path path, Qcow2Creation image) throws IOException {
        boolean made = false;
        try (HostFile file = LinuxFile.create(path)) {
            try {
                image.write(file);
                made = true;
            } finally {
                if (!made) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }
}
