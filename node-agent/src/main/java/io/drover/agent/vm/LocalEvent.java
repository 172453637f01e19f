package io.drover.agent.vm;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.process.ProcessIdentity;
import java.time.Instant;
import java.util.Objects;

/** What happens to a VM on its host. */
sealed interface LocalEvent {
    /** Its process runs the guest: just spawned, or adopted. */
    record Runs(ProcessIdentity process) implements LocalEvent {
        public Runs {
            Objects.requireNonNull(process);
        }
    }

    /** It cannot be booted, here or elsewhere. */
    record CannotStart(String message) implements LocalEvent {}

    /** It cannot go on from what was saved of it, which is still there. */
    record CannotGoOn(String message) implements LocalEvent {}

    /** This host could not start it. */
    record HostCannotStart(String message) implements LocalEvent {}

    /** Its process is gone. */
    record MachineEnded(MachineEnd end) implements LocalEvent {
        public MachineEnded {
            Objects.requireNonNull(end);
        }
    }

    /** It is to be stopped: by force at {@code deadline}, which is now when the guest is not to be asked. */
    record StopAsked(Instant deadline) implements LocalEvent {
        public StopAsked {
            Objects.requireNonNull(deadline);
        }
    }

    /** It is to be saved and then to end, by an operation. */
    record SuspendAsked(String operation) implements LocalEvent {
        public SuspendAsked {
            Objects.requireNonNull(operation);
        }
    }

    /** It was not saved: its guest runs on. */
    record NotSaved() implements LocalEvent {}

    /** It is saved, and its process is gone. */
    record Saved() implements LocalEvent {}
}
