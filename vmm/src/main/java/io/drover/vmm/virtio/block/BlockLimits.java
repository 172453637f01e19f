package io.drover.vmm.virtio.block;

import io.drover.vmm.disk.Disk;

/** What a driver may ask for at once, as its configuration tells it; a request beyond that fails. */
final class BlockLimits {
    static final int QUEUE_SIZE = 256;
    /** Pieces of data: what is left of a queue's descriptors beside header and status. */
    static final int MAX_SEGMENTS = QUEUE_SIZE - 2;
    static final int MAX_SEGMENT_BYTES = 1 << 20;
    static final long MAX_DATA_BYTES = (long) MAX_SEGMENTS * MAX_SEGMENT_BYTES;
    /** Ranges of one discard or write-zeroes request. */
    static final int MAX_RANGES = 16;
    /** 1 GiB of one range. */
    static final int MAX_DISCARD_SECTORS = (1 << 30) / Disk.SECTOR_BYTES;
    /** 64 MiB: where zeros cannot be had otherwise they are written, and a reset waits for that. */
    static final int MAX_ZEROES_SECTORS = (64 << 20) / Disk.SECTOR_BYTES;

    private BlockLimits() {}
}
