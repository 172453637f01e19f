package io.drover.vmm.virtio.block;

/**
 * What a block device has done since the VM started, by requests of its driver that succeeded.
 *
 * @param discards
 *            also those to write zeros
 * @param failures
 *            requests that were answered with an error
 */
public record BlockCounts(long reads, long readBytes, long writes, long writtenBytes, long flushes, long discards,
        long failures) {
    static final BlockCounts NONE = new BlockCounts(0, 0, 0, 0, 0, 0, 0);

    BlockCounts plus(BlockCounts other) {
        return new BlockCounts(reads + other.reads, readBytes + other.readBytes, writes + other.writes,
                writtenBytes + other.writtenBytes, flushes + other.flushes, discards + other.discards,
                failures + other.failures);
    }
}
