package io.drover.vmm.virtio.block;

import io.drover.vmm.disk.Disk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@code struct virtio_blk_config} (virtio 1.2, 5.2.4), as far as it is filled. Owned by the device, called under its driver's
 * lock; only whether writes are cached is read by I/O threads too.
 */
final class BlockConfiguration {
    static final int WRITEBACK = 32;

    private static final int CAPACITY = 0;
    private static final int SIZE_MAX = 8;
    private static final int SEG_MAX = 12;
    private static final int BLK_SIZE = 20;
    private static final int NUM_QUEUES = 34;
    private static final int MAX_DISCARD_SECTORS = 36;
    private static final int MAX_DISCARD_SEG = 40;
    private static final int DISCARD_SECTOR_ALIGNMENT = 44;
    private static final int MAX_WRITE_ZEROES_SECTORS = 48;
    private static final int MAX_WRITE_ZEROES_SEG = 52;
    private static final int WRITE_ZEROES_MAY_UNMAP = 56;
    private static final int BYTES = 60;

    /** What discards should be aligned to: file systems of the host give back pages of this many bytes. */
    private static final int HOST_BLOCK_BYTES = 4096;

    private final Disk disk;
    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final boolean cached;
    private volatile boolean writeBack;

    /**
     * As a driver finds it.
     *
     * @param cached
     *            whether writes may be cached at all
     */
    BlockConfiguration(Disk disk, int queues, boolean cached) {
        this.disk = disk;
        this.cached = cached;
        bytes.putInt(SIZE_MAX, BlockLimits.MAX_SEGMENT_BYTES).putInt(SEG_MAX, BlockLimits.MAX_SEGMENTS);
        bytes.putInt(BLK_SIZE, Disk.SECTOR_BYTES).putShort(NUM_QUEUES, (short) queues);
        bytes.putInt(MAX_DISCARD_SECTORS, BlockLimits.MAX_DISCARD_SECTORS);
        bytes.putInt(MAX_DISCARD_SEG, BlockLimits.MAX_RANGES);
        bytes.putInt(DISCARD_SECTOR_ALIGNMENT, HOST_BLOCK_BYTES / Disk.SECTOR_BYTES);
        bytes.putInt(MAX_WRITE_ZEROES_SECTORS, BlockLimits.MAX_ZEROES_SECTORS);
        bytes.putInt(MAX_WRITE_ZEROES_SEG, BlockLimits.MAX_RANGES);
        bytes.put(WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        reset();
    }

    void reset() {
        setWriteBack(cached);
    }

    /** Whether a write is done before it is durable. Any thread. */
    boolean isWriteBack() {
        return writeBack;
    }

    void setWriteBack(boolean back) {
        writeBack = back;
        bytes.put(WRITEBACK, (byte) (back ? 1 : 0));
    }

    long read(int offset, int size) {
        bytes.putLong(CAPACITY, disk.size() / Disk.SECTOR_BYTES);
        long value = 0;
        for (int i = 0; i < size && offset + i < BYTES; i++) {
            value |= (bytes.get(offset + i) & 0xFFL) << (8 * i);
        }
        return value;
    }
}
