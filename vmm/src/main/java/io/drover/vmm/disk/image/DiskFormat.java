package io.drover.vmm.disk.image;

/** How a disk's bytes are kept in a file. Always told, never guessed: a guest can write any header to a raw disk. */
public enum DiskFormat {
    RAW, QCOW2
}
