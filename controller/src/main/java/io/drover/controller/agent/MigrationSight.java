package io.drover.controller.agent;

import io.drover.controller.record.MigrationDowntime;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What one of the two hosts of a migration sees of it. Who runs the VM is told by the record alone.
 *
 * @param failure when it has failed: why, for programs
 * @param bytes sent, or received by the destination
 * @param totalBytes the guest's memory, and what is mirrored of its disks
 * @param predictedDowntime if it were switched now; empty: not known
 * @param throttlePercent of the vCPUs' time, held back
 * @param left until it can be switched; empty: not known, or never
 * @param downtime once the guest has stood still
 */
public record MigrationSight(String id, Phase phase, String failure, String message, int passes, long bytes,
        long bytesPerSecond, long dirtyBytesPerSecond, long remainingBytes, long totalBytes,
        Optional<Duration> predictedDowntime, int throttlePercent, Duration elapsed, Optional<Duration> left,
        Optional<MigrationDowntime> downtime) {
    /** As a host sees it. */
    public enum Phase {
        /** Of an agent that knows more phases than this controller. */
        UNKNOWN, PREPARING, CONNECTING, COPYING, CONVERGED, SWITCHING, COMPLETED, FAILED
    }

    public MigrationSight {
        Objects.requireNonNull(phase);
    }

    /** The host has nothing more to tell. */
    public boolean ended() {
        return phase == Phase.COMPLETED || phase == Phase.FAILED;
    }
}
