package io.drover.agent.vm;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.process.ProcessIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** Where a VM is in its life on this host. Changes by {@link #after} only. */
sealed interface LocalState {
    /** When it came to this state. */
    Instant since();

    /** To be started, for the first time or again after a reboot: a process may be there or not. */
    record Starting(Instant since) implements LocalState {
        public Starting {
            Objects.requireNonNull(since);
        }
    }

    /** The process runs the guest. */
    record Running(Instant since, ProcessIdentity process) implements LocalState {
        public Running {
            Objects.requireNonNull(since);
            Objects.requireNonNull(process);
        }
    }

    /** The process saves the guest, by an operation: it is to end when it has. {@code since} is when the guest began to run. */
    record Suspending(Instant since, ProcessIdentity process, String operation) implements LocalState {
        public Suspending {
            Objects.requireNonNull(since);
            Objects.requireNonNull(process);
            Objects.requireNonNull(operation);
        }
    }

    /** Asked to stop: by force from {@code deadline} on. */
    record Stopping(Instant since, ProcessIdentity process, Instant deadline) implements LocalState {
        public Stopping {
            Objects.requireNonNull(since);
            Objects.requireNonNull(process);
            Objects.requireNonNull(deadline);
        }
    }

    /** The run has ended. Terminal: another run is another epoch. */
    record Ended(VmExit exit) implements LocalState {
        public Ended {
            Objects.requireNonNull(exit);
        }

        @Override
        public Instant since() {
            return exit.time();
        }
    }

    /** The next state. An event that means nothing in this state changes nothing. */
    default LocalState after(LocalEvent event, Instant now) {
        return switch (this) {
            case Starting starting -> starting(starting, event, now);
            case Running running -> running(running, event, now);
            case Suspending suspending -> suspending(suspending, event, now);
            case Stopping stopping -> stopping(stopping, event, now);
            case Ended ended -> ended;
        };
    }

    private static LocalState starting(Starting state, LocalEvent event, Instant now) {
        return switch (event) {
            case LocalEvent.Runs(ProcessIdentity process) -> new Running(now, process);
            case LocalEvent.CannotStart(String message) -> ended(VmExit.Cause.START_FAILED, message, now);
            case LocalEvent.CannotGoOn(String message) -> ended(VmExit.Cause.SUSPENDED, message, now);
            case LocalEvent.HostCannotStart(String message) -> ended(VmExit.Cause.HOST_FAILED, message, now);
            // An earlier agent died before it could record that the guest ran.
            case LocalEvent.MachineEnded(MachineEnd end) ->
                end instanceof MachineEnd.Rebooted ? state : endOfRun(end, now);
            case LocalEvent.StopAsked ignored -> ended(VmExit.Cause.KILLED, "stopped before the guest ran", now);
            case LocalEvent.SuspendAsked ignored -> state;
            case LocalEvent.NotSaved ignored -> state;
            case LocalEvent.Saved ignored -> state;
        };
    }

    private static LocalState running(Running state, LocalEvent event, Instant now) {
        return switch (event) {
            case LocalEvent.Runs(ProcessIdentity process) ->
                process.equals(state.process()) ? state : new Running(state.since(), process);
            case LocalEvent.CannotStart ignored -> state;
            case LocalEvent.HostCannotStart ignored -> state;
            case LocalEvent.CannotGoOn ignored -> state;
            case LocalEvent.MachineEnded(MachineEnd end) -> endOfRun(end, now);
            case LocalEvent.StopAsked(Instant deadline) -> new Stopping(now, state.process(), deadline);
            case LocalEvent.SuspendAsked(String operation) ->
                new Suspending(state.since(), state.process(), operation);
            case LocalEvent.NotSaved ignored -> state;
            case LocalEvent.Saved ignored -> state;
        };
    }

    private static LocalState suspending(Suspending state, LocalEvent event, Instant now) {
        return switch (event) {
            case LocalEvent.Runs(ProcessIdentity process) -> process.equals(state.process()) ? state
                    : new Suspending(state.since(), process, state.operation());
            case LocalEvent.CannotStart ignored -> state;
            case LocalEvent.CannotGoOn ignored -> state;
            case LocalEvent.HostCannotStart ignored -> state;
            case LocalEvent.MachineEnded(MachineEnd end) -> endOfRun(end, now);
            case LocalEvent.StopAsked(Instant deadline) -> new Stopping(now, state.process(), deadline);
            case LocalEvent.SuspendAsked ignored -> state;
            case LocalEvent.NotSaved ignored -> new Running(state.since(), state.process());
            case LocalEvent.Saved ignored -> ended(VmExit.Cause.SUSPENDED, "saved to the host's disk", now);
        };
    }

    private static LocalState stopping(Stopping state, LocalEvent event, Instant now) {
        return switch (event) {
            case LocalEvent.Runs(ProcessIdentity process) ->
                process.equals(state.process()) ? state : new Stopping(state.since(), process, state.deadline());
            case LocalEvent.CannotStart ignored -> state;
            case LocalEvent.CannotGoOn ignored -> state;
            case LocalEvent.HostCannotStart ignored -> state;
            case LocalEvent.SuspendAsked ignored -> state;
            case LocalEvent.NotSaved ignored -> state;
            case LocalEvent.Saved ignored -> state;
            // A stop may be made more urgent, never less.
            case LocalEvent.StopAsked(Instant deadline) -> deadline.isBefore(state.deadline())
                    ? new Stopping(state.since(), state.process(), deadline)
                    : state;
            case LocalEvent.MachineEnded(MachineEnd end) -> switch (end) {
                case MachineEnd.PoweredOff _ -> ended(VmExit.Cause.STOPPED, "the guest shut down when asked", now);
                case MachineEnd.Rebooted() ->
                    ended(VmExit.Cause.STOPPED, "the guest rebooted while it was being stopped", now);
                case MachineEnd.Killed() -> ended(VmExit.Cause.KILLED, killed(state), now);
                case MachineEnd.Panicked p -> endOfRun(p, now);
                case MachineEnd.Failed f -> endOfRun(f, now);
                case MachineEnd.NeverRan n -> endOfRun(n, now);
                case MachineEnd.HostFailed h -> endOfRun(h, now);
            };
        };
    }

    private static LocalState endOfRun(MachineEnd end, Instant now) {
        return switch (end) {
            case MachineEnd.PoweredOff(String message) -> ended(VmExit.Cause.GUEST_POWERED_OFF, message, now);
            case MachineEnd.Rebooted() -> new Starting(now);
            case MachineEnd.Panicked(String message) -> ended(VmExit.Cause.GUEST_PANICKED, message, now);
            case MachineEnd.Killed() -> ended(VmExit.Cause.KILLED, "killed", now);
            case MachineEnd.Failed(String message) -> ended(VmExit.Cause.VMM_FAILED, message, now);
            case MachineEnd.NeverRan(String message) -> ended(VmExit.Cause.START_FAILED, message, now);
            case MachineEnd.HostFailed(String message) -> ended(VmExit.Cause.HOST_FAILED, message, now);
        };
    }

    private static String killed(Stopping state) {
        Duration grace = Duration.between(state.since(), state.deadline());
        return grace.isPositive() ? "the guest did not shut down within " + Math.max(1, grace.toSeconds()) + " s"
                : "stopped by force";
    }

    private static Ended ended(VmExit.Cause cause, String message, Instant now) {
        return new Ended(new VmExit(cause, message, now));
    }
}
