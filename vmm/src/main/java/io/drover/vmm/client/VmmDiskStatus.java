package io.drover.vmm.client;

import io.drover.proto.vmm.v1.DiskStatus;

/**
 * What a disk has done since its VMM started, by requests of the guest's that succeeded.
 *
 * @param discards
 *            also those to write zeros
 * @param failures
 *            requests that were answered with an error
 */
public record VmmDiskStatus(long reads, long readBytes, long writes, long writtenBytes, long flushes, long discards,
        long failures) {
    static VmmDiskStatus of(DiskStatus status) {
        return new VmmDiskStatus(status.getReads(), status.getReadBytes(), status.getWrites(),
                status.getWrittenBytes(), status.getFlushes(), status.getDiscards(), status.getFailures());
    }

    DiskStatus toProto() {
        return DiskStatus.newBuilder().setReads(reads).setReadBytes(readBytes).setWrites(writes)
                .setWrittenBytes(writtenBytes).setFlushes(flushes).setDiscards(discards).setFailures(failures).build();
    }
}
