package io.drover.vmm.disk;

import java.io.IOException;

/** The one check of what a guest asks for. */
public final class DiskRange {
    private DiskRange() {}

    /** Refuses a range that is not of whole sectors, or not within the disk. */
    public static void check(long offset, long length, long diskSize) throws IOException {
        if (offset < 0 || length < 0 || offset > diskSize - length) {
            throw new IOException("disk range : " + length + " bytes at " + offset + " (expected: within " + diskSize
                    + " bytes)");
        }
        if (((offset | length) & (Disk.SECTOR_BYTES - 1)) != 0) {
            throw new IOException("disk range : " + length + " bytes at " + offset + " (expected: multiples of "
                    + Disk.SECTOR_BYTES + ")");
        }
    }

    /** As {@link #check}, for what changes the disk. */
    public static void checkWrite(long offset, long length, long diskSize, boolean readOnly) throws IOException {
        if (readOnly) {
            throw new IOException("disk is read-only (asked to change " + length + " bytes at " + offset + ")");
        }
        check(offset, length, diskSize);
    }

    /** Refuses what is not a disk made larger. */
    public static void checkGrowth(long diskSize, long newSize, boolean readOnly) throws IOException {
        if (readOnly) {
            throw new IOException("disk is read-only (asked to resize it to " + newSize + " bytes)");
        }
        if (newSize < diskSize) {
            throw new IOException("new disk size : " + newSize + " (expected: at least the " + diskSize
                    + " bytes it has; shrinking would destroy data)");
        }
        if (newSize % Disk.SECTOR_BYTES != 0) {
            throw new IOException("new disk size : " + newSize + " (expected: a multiple of " + Disk.SECTOR_BYTES
                    + ")");
        }
    }
}
