package io.drover.vmm.machine;

import io.drover.vmm.machine.MachineEvent.DevicesBusy;
import io.drover.vmm.machine.MachineEvent.EndAsked;
import io.drover.vmm.machine.MachineEvent.LeaseChanged;
import io.drover.vmm.machine.MachineEvent.PauseAsked;
import io.drover.vmm.machine.MachineEvent.PauseTriedAgain;
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
    record Pausing(Pauses by) implements MachineState {}

    /** No vCPU is in the guest, each is between two instructions; no device does anything. */
    record Paused(Pauses by) implements MachineState {}

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
                case Started(boolean paused, boolean leased) -> new Transition.To(
                        paused || !leased ? new Paused(new Pauses(paused, !leased)) : new Running());
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case PauseAsked _,ResumeAsked _,LeaseChanged _,VcpusParked _,DevicesBusy _,PauseTriedAgain _,VcpusGone _ ->
                    refused("has not started yet");
            };
            case Running _ -> switch (event) {
                case PauseAsked _ -> new Transition.To(new Pausing(Pauses.ASKED));
                case LeaseChanged(boolean held) ->
                    held ? new Transition.Stay() : new Transition.To(new Pausing(Pauses.UNLEASED));
                case ResumeAsked _,PauseTriedAgain _ -> new Transition.Stay();
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case VcpusParked _,DevicesBusy _,VcpusGone _ -> refused("runs");
            };
            case Pausing(Pauses by) -> switch (event) {
                case VcpusParked _ -> new Transition.To(new Paused(by));
                // Without a lease it does not run on, however long that takes.
                case DevicesBusy _ -> by.unleased() ? new Transition.Stay() : new Transition.To(new Running());
                case PauseTriedAgain _ -> new Transition.To(state);
                case PauseAsked _ -> by.asked() ? new Transition.Stay() : new Transition.To(new Pausing(by.andAsked()));
                case ResumeAsked _ -> refused("is being paused");
                case LeaseChanged(boolean held) -> lease(by, held, new Pausing(by.andUnleased()),
                        new Pausing(Pauses.ASKED));
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case VcpusGone _ -> refused("is being paused");
            };
            case Paused(Pauses by) -> switch (event) {
                case ResumeAsked _ -> resumed(by);
                case PauseAsked _ -> by.asked() ? new Transition.Stay() : new Transition.To(new Paused(by.andAsked()));
                case LeaseChanged(boolean held) -> lease(by, held, new Paused(by.andUnleased()),
                        new Paused(Pauses.ASKED));
                case PauseTriedAgain _ -> new Transition.Stay();
                case EndAsked(MachineEnd end) -> new Transition.To(new Ending(end));
                case Started _ -> refused("runs already");
                case VcpusParked _,DevicesBusy _,VcpusGone _ -> refused("is paused");
            };
            case Ending(MachineEnd end) -> switch (event) {
                case VcpusGone _ -> new Transition.To(new Ended(end));
                case EndAsked _,PauseTriedAgain _ -> new Transition.Stay();
                case Started _ -> refused("is ending");
                case PauseAsked _,ResumeAsked _,LeaseChanged _,VcpusParked _,DevicesBusy _ -> refused("is ending");
            };
            case Ended _ -> switch (event) {
                case EndAsked _,PauseTriedAgain _ -> new Transition.Stay();
                case Started _ -> refused("has ended");
                case PauseAsked _,ResumeAsked _,LeaseChanged _,VcpusParked _,DevicesBusy _,VcpusGone _ ->
                    refused("has ended");
            };
        };
    }

    private static Transition resumed(Pauses by) {
        if (!by.asked()) {
            return new Transition.Stay();
        }
        return new Transition.To(by.unleased() ? new Paused(Pauses.UNLEASED) : new Running());
    }

    /** A paused machine gets or loses its lease. */
    private static Transition lease(Pauses by, boolean held, MachineState without, MachineState askedOnly) {
        if (held != by.unleased()) {
            return new Transition.Stay();
        }
        if (!held) {
            return new Transition.To(without);
        }
        return new Transition.To(by.asked() ? askedOnly : new Running());
    }

    private static Transition refused(String why) {
        return new Transition.Refused("the machine " + why);
    }
}
