package io.drover.vmm.client;

import io.drover.proto.vmm.v1.BalloonStatus;
import java.util.Objects;
import java.util.Optional;

/**
 * A memory balloon at one moment.
 *
 * @param targetBytes
 *            what the guest is to be left with
 * @param guestBytes
 *            what it says that it is left with: only its word
 * @param inflatedBytes
 *            given back to the host because it was asked for, since the VMM started; what went twice counts twice
 * @param reportedBytes
 *            given back because nobody in the guest used it, counted in the same way
 * @param residentBytes
 *            of the host's memory that the guest's takes now
 * @param statistics
 *            how the guest uses its memory: only its word; empty when it has not told
 */
public record VmmBalloonStatus(long targetBytes, long guestBytes, long inflatedBytes, long reportedBytes,
        long residentBytes, Optional<VmmMemoryStatistics> statistics) {
    public VmmBalloonStatus {
        Objects.requireNonNull(statistics, "statistics");
    }

    static VmmBalloonStatus of(BalloonStatus status) {
        return new VmmBalloonStatus(status.getTargetBytes(), status.getGuestBytes(), status.getInflatedBytes(),
                status.getReportedBytes(), status.getResidentBytes(),
                status.hasStatistics() ? Optional.of(VmmMemoryStatistics.of(status.getStatistics()))
                        : Optional.empty());
    }

    BalloonStatus toProto() {
        BalloonStatus.Builder status = BalloonStatus.newBuilder().setTargetBytes(targetBytes).setGuestBytes(guestBytes)
                .setInflatedBytes(inflatedBytes).setReportedBytes(reportedBytes).setResidentBytes(residentBytes);
        if (statistics.isPresent()) {
            status.setStatistics(statistics.get().toProto());
        }
        return status.build();
    }
}
