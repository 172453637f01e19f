package io.drover.vmm.client;

import io.drover.proto.vmm.v1.MigrationStatus;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How far a migration has come, at one of its ends.
 *
 * @param failure
 *            when it has FAILED
 * @param passes
 *            that have ended; this and what follows it, but for the bytes, is the source's
 * @param bytes
 *            sent or received, of all passes
 * @param bytesPerSecond
 *            as is counted on; 0 before the first pass has ended
 * @param dirtyBytesPerSecond
 *            at which the guest wrote to pages during the last pass
 * @param remainingBytes
 *            of this pass
 * @param predictedDowntime
 *            if it were switched now; empty while that is not known
 * @param throttlePercent
 *            of their time that vCPUs are held out of the guest
 * @param left
 *            until it can be switched; empty where that is not known, or never
 * @param downtime
 *            when it was SENT
 * @param disks
 *            of all that, what is of mirrored disks
 */
public record VmmMigration(Phase phase, Optional<Failure> failure, int passes, long bytes, long bytesPerSecond,
        long dirtyBytesPerSecond, long remainingBytes, Optional<Duration> predictedDowntime, int throttlePercent,
        Duration elapsed, Optional<Duration> left, Optional<Downtime> downtime, Disks disks) {
    /** Where it is. */
    public enum Phase {
        /** None was asked for. */
        NONE,
        /** Destination: it takes the memory from its host. */
        PREPARING,
        /** Destination: the memory is here; it waits for the connections, for two minutes at most. */
        WAITING,
        RECEIVING,
        /** Destination: everything is here, verified and loaded. */
        RECEIVED,
        /** Source: the guest runs. */
        CONNECTING,
        COPYING,
        /** Source: ready to be switched, which {@link VmmClient#switchMigration} permits. */
        CONVERGED,
        /** Source: the guest stands still. */
        SWITCHING,
        /** Source: the destination has said that it has RECEIVED everything. The guest stands still. */
        SENT,
        FAILED
    }

    /**
     * Why it came to nothing.
     *
     * @param kind
     *            "CUT", "STALLED", "DAMAGED", "VERSION", "MISMATCH", "NO_MEMORY", "CANCELLED", "NOT_CONVERGED", "NO_SPACE",
     *            "DISK" or "FAILED"
     * @param message
     *            for the operator
     * @param stopped
     *            at the source: the guest stands still, and runs on when it is told to; else it never stood still
     */
    public record Failure(String kind, String message, boolean stopped) {}

    /**
     * How long the guest has stood still, up to when the destination had everything, in parts.
     *
     * @param pausing
     *            until no vCPU was in the guest and no device did anything
     * @param lastPages
     *            to find and send what was left of memory
     * @param saving
     *            the devices' state, and what that changed in memory
     * @param loading
     *            to send the state, and for the destination to verify and load everything
     */
    public record Downtime(Duration pausing, Duration lastPages, Duration saving, Duration loading) {
        /** All together. */
        public Duration total() {
            return pausing.plus(lastPages).plus(saving).plus(loading);
        }
    }

    /**
     * How far the mirrored disks have come.
     *
     * @param bytes
     *            sent or received, of all passes; zeros count too
     * @param remainingBytes
     *            at the source: of this pass
     * @param totalBytes
     *            at the source: what their images had at first
     */
    public record Disks(long bytes, long remainingBytes, long totalBytes) {
        /** Nothing of any. */
        public static final Disks NONE = new Disks(0, 0, 0);
    }

    public VmmMigration {
        Objects.requireNonNull(phase, "phase");
        Objects.requireNonNull(failure, "failure");
        Objects.requireNonNull(predictedDowntime, "predictedDowntime");
        Objects.requireNonNull(elapsed, "elapsed");
        Objects.requireNonNull(left, "left");
        Objects.requireNonNull(downtime, "downtime");
        Objects.requireNonNull(disks, "disks");
    }

    /** Nothing of a source's numbers. */
    public VmmMigration(Phase phase, Optional<Failure> failure, long bytes) {
        this(phase, failure, bytes, Disks.NONE);
    }

    /** As the other, with disks. */
    public VmmMigration(Phase phase, Optional<Failure> failure, long bytes, Disks disks) {
        this(phase, failure, 0, bytes, 0, 0, 0, Optional.empty(), 0, Duration.ZERO, Optional.empty(),
                Optional.empty(), disks);
    }

    /** Converts from the protocol. */
    public static VmmMigration of(MigrationStatus status) {
        Phase phase = switch (status.getPhase()) {
            case NONE, PHASE_UNSPECIFIED, UNRECOGNIZED -> Phase.NONE;
            case PREPARING -> Phase.PREPARING;
            case WAITING -> Phase.WAITING;
            case RECEIVING -> Phase.RECEIVING;
            case RECEIVED -> Phase.RECEIVED;
            case CONNECTING -> Phase.CONNECTING;
            case COPYING -> Phase.COPYING;
            case CONVERGED -> Phase.CONVERGED;
            case SWITCHING -> Phase.SWITCHING;
            case SENT -> Phase.SENT;
            case FAILED -> Phase.FAILED;
        };
        return new VmmMigration(phase,
                phase == Phase.FAILED
                        ? Optional.of(new Failure(status.getFailure(), status.getMessage(), status.getStopped()))
                        : Optional.empty(),
                status.getPasses(), status.getBytes(), status.getBytesPerSecond(), status.getDirtyBytesPerSecond(),
                status.getRemainingBytes(), known(status.getPredictedDowntimeNanos()), status.getThrottlePercent(),
                Duration.ofNanos(status.getElapsedNanos()), known(status.getLeftNanos()),
                phase == Phase.SENT ? Optional.of(new Downtime(Duration.ofNanos(status.getPausingNanos()),
                        Duration.ofNanos(status.getLastPagesNanos()), Duration.ofNanos(status.getSavingNanos()),
                        Duration.ofNanos(status.getLoadingNanos()))) : Optional.empty(),
                new Disks(status.getDiskBytes(), status.getDiskRemainingBytes(), status.getDiskTotalBytes()));
    }

    /** Converts to the protocol. */
    public MigrationStatus toProto() {
        MigrationStatus.Builder status = MigrationStatus.newBuilder()
                .setPhase(switch (phase) {
                    case NONE -> MigrationStatus.Phase.NONE;
                    case PREPARING -> MigrationStatus.Phase.PREPARING;
                    case WAITING -> MigrationStatus.Phase.WAITING;
                    case RECEIVING -> MigrationStatus.Phase.RECEIVING;
                    case RECEIVED -> MigrationStatus.Phase.RECEIVED;
                    case CONNECTING -> MigrationStatus.Phase.CONNECTING;
                    case COPYING -> MigrationStatus.Phase.COPYING;
                    case CONVERGED -> MigrationStatus.Phase.CONVERGED;
                    case SWITCHING -> MigrationStatus.Phase.SWITCHING;
                    case SENT -> MigrationStatus.Phase.SENT;
                    case FAILED -> MigrationStatus.Phase.FAILED;
                })
                .setPasses(passes)
                .setBytes(bytes)
                .setBytesPerSecond(bytesPerSecond)
                .setDirtyBytesPerSecond(dirtyBytesPerSecond)
                .setRemainingBytes(remainingBytes)
                .setPredictedDowntimeNanos(known(predictedDowntime))
                .setThrottlePercent(throttlePercent)
                .setDiskBytes(disks.bytes())
                .setDiskRemainingBytes(disks.remainingBytes())
                .setDiskTotalBytes(disks.totalBytes())
                .setElapsedNanos(elapsed.toNanos())
                .setLeftNanos(known(left));
        if (failure.isPresent()) {
            status.setFailure(failure.get().kind()).setMessage(failure.get().message())
                    .setStopped(failure.get().stopped());
        }
        if (downtime.isPresent()) {
            status.setPausingNanos(downtime.get().pausing().toNanos())
                    .setLastPagesNanos(downtime.get().lastPages().toNanos())
                    .setSavingNanos(downtime.get().saving().toNanos())
                    .setLoadingNanos(downtime.get().loading().toNanos());
        }
        return status.build();
    }

    private static Optional<Duration> known(long nanos) {
        return nanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }

    private static long known(Optional<Duration> duration) {
        return duration.isPresent() ? duration.get().toNanos() : -1;
    }
}
