package io.drover.vmm.client;

import io.drover.proto.vmm.v1.DiskStatus;

/**
 * A disk, and what it has done since its VMM started, by requests of the guest's that succeeded.
 *
 * @param discards
 *            also those to write zeros
 * @param failures
 *            requests that were answered with an error
 * @param sizeBytes
 *            as the guest sees it
 * @param leaving
 *            the guest was asked to let go of it and has not yet, or it is being closed
 */
public record VmmDiskStatus(String id, long reads, long readBytes, long writes, long writtenBytes, long flushes,
        long discards,
        long failures, long sizeBytes, boolean leaving) {
    static VmmDiskStatus of(DiskStatus status) {
        return new VmmDiskStatus(status.getId(), status.getReads(), status.getReadBytes(), status.getWrites(),
                status.getWrittenBytes(), status.getFlushes(), status.getDiscards(), status.getFailures(),
                status.getSizeBytes(), status.getLeaving());
    }

    DiskStatus toProto() {
        return DiskStatus.newBuilder().setId(id).setSizeBytes(sizeBytes).setLeaving(leaving).setReads(reads)
                .setReadBytes(readBytes).setWrites(writes)
                .setWrittenBytes(writtenBytes).setFlushes(flushes).setDiscards(discards).setFailures(failures).build();
    }
}
