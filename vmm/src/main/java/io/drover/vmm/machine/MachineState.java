package io.drover.vmm.machine;

import io.drover.vmm.machine.MachineEvent.DevicesBusy;
import io.drover.vmm.machine.MachineEvent.EndAsked;
import io.drover.vmm.machine.MachineEvent.PauseAsked;
import io.drover.vmm.machine.MachineEvent.ResumeAsked;
import io.drover.vmm.machine.MachineEvent.Started;
import io.drover.vmm.machine.MachineEvent.VcpusGone;
import io.drover.vmm.machine.MachineEvent.VcpusParked;

/**
 * Where a machine's life is.
 *
 * <pre>
 *  Built ─► Running ◄─► Pausing ─► Paused ─► Running …
 *    └────────┴────┬─────┴───────────┘
 *               Ending ─► Ended
 * </pre>
 */
public sealed interface MachineState {
    /** Put together; no guest instruction has run. */
    record Built() implements MachineState {}

    record Running() implements MachineState {}

    /** vCPUs are on their way out of the guest, then devices come to an end with what they are at. */
    record Pausing() implements MachineState {}

    /** No vCPU is in the guest, each is between two instructions; no device does anything. */
    record Paused() implements MachineState {}

    /** vCPUs are on their way out of the guest for good. */
    record Ending(MachineEnd end) implements MachineState {}

    /** No vCPU will enter the guest again. */
    record Ended(MachineEnd end) implements MachineState {}

    /** What an event does to a state. */
    sealed interface Transition {
        record To(MachineState next) implements Transition {}

        /** What was asked for is so already. */
        record Stay() implements Transition {}

        /** The event has no place in this state. */
        record Refused(String why) implements Transition {}
    }

    /** The whole of a machine's life, as a function. */
    static Transition next(MachineState state, MachineEvent event) {
        return switch (state) {
            case Built _ -> switch (event) {
                case Started(boolean paused) -> new Transition.To(paused ? new Paused() : new Running());
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case PauseAsked _,ResumeAsked _,VcpusParked _,DevicesBusy _,VcpusGone _ ->
                    refused("has not started yet");
            };
            case Running _ -> switch (event) {
                case PauseAsked _ -> new Transition.To(new Pausing());
                case ResumeAsked _ -> new Transition.Stay();
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case VcpusParked _,DevicesBusy _,VcpusGone _ -> refused("runs");
            };
            case Pausing _ -> switch (event) {
                case VcpusParked _ -> new Transition.To(new Paused());
                case DevicesBusy _ -> new Transition.To(new Running());
                case PauseAsked _ -> new Transition.Stay();
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case ResumeAsked _,VcpusGone _ -> refused("is being paused");
            };
            case Paused _ -> switch (event) {
                case ResumeAsked _ -> new Transition.To(new Running());
                case PauseAsked _ -> new Transition.Stay();
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case VcpusParked _,DevicesBusy _,VcpusGone _ -> refused("is paused");
            };
            case Ending(MachineEnd end) -> switch (event) {
                case VcpusGone _ -> new Transition.To(new Ended(end));
                case EndAsked _ -> new Transition.Stay();
                case Started _ -> refused("is ending");
                case PauseAsked _,ResumeAsked _,VcpusParked _,DevicesBusy _ -> refused("is ending");
            };
            case Ended _ -> switch (event) {
                case EndAsked _ -> new Transition.Stay();
                case Started _ -> refused("has ended");
                case PauseAsked _,ResumeAsked _,VcpusParked _,DevicesBusy _,VcpusGone _ -> refused("has ended");
            };
        };
    }

    private static Transition refused(String why) {
        return new Transition.Refused("the machine " + why);
    }
}
