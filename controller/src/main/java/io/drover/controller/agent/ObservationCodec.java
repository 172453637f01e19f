package io.drover.controller.agent;

import io.drover.controller.record.IdSyntax;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Timestamps;
import io.drover.proto.agent.v1.Exit;
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
                        message.getDriver(), message.getReboots(), message.getKeepsDisks(), devices(message)));
    }

    private static Observation.Devices devices(VmObservation message) {
        return new Observation.Devices(message.getDeviceGeneration(), switch (message.getDeviceState()) {
            case DEVICE_STATE_UNSPECIFIED -> Observation.Devices.Progress.DONE;
            // What a newer agent says may yet become something that is known.
            case DEVICE_PENDING, UNRECOGNIZED -> Observation.Devices.Progress.PENDING;
            case DEVICE_FAILED -> Observation.Devices.Progress.FAILED;
        }, message.getDeviceMessage());
    }

    private static RunEnd decode(Exit exit) {
        return new RunEnd(RunEnd.Cause.of(exit.getCauseValue()), exit.getMessage(), Timestamps.read(exit.getTime()));
    }
}
