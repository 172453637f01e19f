package io.drover.vmm.client;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.Qcow2Disk;
import io.drover.vmm.disk.qcow2.Qcow2FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The files that disks are kept in, as whoever starts VMMs makes them. */
public final class DiskImages {
    private static final long TABLE_CACHE_BYTES = 1 << 16;

    private DiskImages() {}

    /**
     * The size of the disk in an image that lies on no other.
     *
     * @return bytes
     * @throws UnusableImageException
     *             when it is no such image
     * @throws IOException
     *             when it cannot be read
     */
    public static long size(VmmDisk.File image) throws IOException {
        return switch (image.format()) {
            case RAW -> {
                long bytes = Files.size(image.path());
                if (bytes % Disk.SECTOR_BYTES != 0) {
                    throw new UnusableImageException(image.path() + ": size : " + bytes + " (expected: a multiple of "
                            + Disk.SECTOR_BYTES + ")");
                }
                yield bytes;
            }
            case QCOW2 -> {
                try (Disk disk = Qcow2Disk.open(LinuxFile.open(image.path(), true), Optional.empty(), true,
                        TABLE_CACHE_BYTES)) {
                    yield disk.size();
                } catch (Qcow2FormatException e) {
                    throw new UnusableImageException(e);
                }
            }
        };
    }

    /**
     * Makes a disk larger that no VM has open; does nothing when it has that size or more.
     *
     * @param image
     *            a qcow2 image
     * @param backing
     *            what it lies on
     * @param sizeBytes
     *            a multiple of 512
     */
    public static void grow(VmmDisk.File image, Optional<VmmDisk.File> backing, long sizeBytes) throws IOException {
        List<DiskImage> chain = new ArrayList<>();
        chain.add(chainPart(image));
        if (backing.isPresent()) {
            chain.add(chainPart(backing.get()));
        }
        try (Disk disk = DiskImage.open(chain, false)) {
            if (disk.size() < sizeBytes) {
                disk.grow(sizeBytes);
            }
        } catch (Qcow2FormatException e) {
            throw new UnusableImageException(e);
        }
    }

    private static DiskImage chainPart(VmmDisk.File file) {
        return new DiskImage(file.path(), switch (file.format()) {
            case RAW -> DiskFormat.RAW;
            case QCOW2 -> DiskFormat.QCOW2;
        });
    }

    /**
     * Makes a qcow2 image, durable when this returns but for the file's name in its folder.
     *
     * @param file
     *            not there yet
     * @param sizeBytes
     *            of the disk, a multiple of 512
     * @param backing
     *            what it lies on; empty: it begins as zeros
     */
    public static void create(Path file, long sizeBytes, Optional<VmmDisk.File> backing) throws IOException {
        Qcow2Creation image = Qcow2Creation.of(sizeBytes, backing.map(below -> new Qcow2Creation.BackingFile(
                below.path().toString(), below.format().name().toLowerCase(Locale.ROOT))));
        try (HostFile made = LinuxFile.create(file)) {
            image.write(made);
        }
    }
}
