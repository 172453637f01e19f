package io.drover.debian.disk;

import java.nio.file.Path;

/**
 * A Debian system that boots from its disk: the disk, and what a VMM that boots kernels by itself needs of it beside.
 *
 * @param kernel    its kernel, a bzImage
 * @param initramfs finds the disk: the machine's first, on virtio
 * @param disk      an ext4 file system, without a partition table
 * @param packages  a list of what is on it, each line a package and its version
 */
public record RootDisk(Path kernel, Path initramfs, Path disk, RootDiskSpec.Format format, Path packages) {
    /** What its kernel is told. */
    public static final String COMMAND_LINE = "console=ttyS0 root=/dev/vda ro quiet panic=-1";

    static RootDisk in(Path folder, RootDiskSpec.Format format) {
        return new RootDisk(folder.resolve("vmlinuz"), folder.resolve("initrd.img"),
                folder.resolve("disk." + format.extension()), format, folder.resolve("packages"));
    }
}
