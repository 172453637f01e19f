package io.drover.controller.agent;

import com.google.protobuf.Duration;
import io.drover.controller.record.IdSyntax;
import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Timestamps;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.VmObservation;
import java.util.Optional;

/** Observations in drover.agent.v1. */
final class ObservationCodec {
    private ObservationCodec() {}

    /** Empty for one that makes no sense, as no agent of ours sends it. */
    static Optional<Observation> decode(VmObservation message) {
        if (!IdSyntax.holds(message.getVm()) || message.getUid().isEmpty()) {
            return Optional.empty();
        }
        Optional<Observation.State> state = switch (message.getState()) {
            case STARTING -> Optional.of(new Observation.State.Starting());
            case RUNNING -> Optional.of(new Observation.State.Running());
            case STOPPING -> Optional.of(new Observation.State.Stopping());
            case ENDED -> Optional.of(new Observation.State.Ended(decode(message.getExit())));
            case STATE_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
        };
        return state
                .map(known -> new Observation(new VmId(message.getVm()), message.getUid(), message.getEpoch(), known,
                        message.getDriver(), message.getReboots(), message.getKeepsDisks(), devices(message),
                        message.hasMigration() ? Optional.of(migration(message.getMigration())) : Optional.empty(),
                        message.hasSuspension() ? Optional.of(saving(message.getSuspension())) : Optional.empty(),
                        Math.max(0, message.getSavedEpoch())));
    }

    private static Observation.Devices devices(VmObservation message) {
        return new Observation.Devices(message.getDeviceGeneration(), switch (message.getDeviceState()) {
            case DEVICE_STATE_UNSPECIFIED -> Observation.Devices.Progress.DONE;
            // What a newer agent says may yet become something that is known.
            case DEVICE_PENDING, UNRECOGNIZED -> Observation.Devices.Progress.PENDING;
            case DEVICE_FAILED -> Observation.Devices.Progress.FAILED;
        }, message.getDeviceMessage());
    }

    private static Observation.Saving saving(VmObservation.Suspension seen) {
        return new Observation.Saving(seen.getOperationId(),
                seen.getFailed() ? Optional.of(seen.getMessage()) : Optional.empty(), seen.getLookedAtBytes(),
                seen.getMemoryBytes());
    }

    private static MigrationSight migration(MigrationObservation seen) {
        return new MigrationSight(seen.getId(), switch (seen.getPhase()) {
            case PREPARING -> MigrationSight.Phase.PREPARING;
            case CONNECTING -> MigrationSight.Phase.CONNECTING;
            case COPYING -> MigrationSight.Phase.COPYING;
            case CONVERGED -> MigrationSight.Phase.CONVERGED;
            case SWITCHING -> MigrationSight.Phase.SWITCHING;
            case COMPLETED -> MigrationSight.Phase.COMPLETED;
            case FAILED -> MigrationSight.Phase.FAILED;
            case PHASE_UNSPECIFIED, UNRECOGNIZED -> MigrationSight.Phase.UNKNOWN;
        }, seen.getFailure(), seen.getMessage(), Math.max(0, seen.getPasses()), seen.getBytes(),
                seen.getBytesPerSecond(), seen.getDirtyBytesPerSecond(), seen.getRemainingBytes(),
                seen.getTotalBytes(),
                seen.hasPredictedDowntime() ? Optional.of(decode(seen.getPredictedDowntime())) : Optional.empty(),
                seen.getThrottlePercent(), decode(seen.getElapsed()),
                seen.hasLeft() ? Optional.of(decode(seen.getLeft())) : Optional.empty(),
                seen.hasDowntime() ? Optional.of(decode(seen.getDowntime())) : Optional.empty());
    }

    private static MigrationDowntime decode(MigrationObservation.Downtime downtime) {
        return new MigrationDowntime(decode(downtime.getPausing()), decode(downtime.getLastPages()),
                decode(downtime.getSaving()), decode(downtime.getLoading()), decode(downtime.getCommit()),
                decode(downtime.getResuming()));
    }

    /** What makes no sense counts as nothing. */
    private static java.time.Duration decode(Duration duration) {
        long days = 86_400L * 365;
        return duration.getSeconds() < 0 || duration.getNanos() < 0 || duration.getSeconds() > days
                ? java.time.Duration.ZERO
                : java.time.Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    private static RunEnd decode(Exit exit) {
        return new RunEnd(RunEnd.Cause.of(exit.getCauseValue()), exit.getMessage(), Timestamps.read(exit.getTime()));
    }
}
