package io.drover.agent.handoff;

import java.util.Objects;

/** What happens to one side of a hand-off. */
public sealed interface HandOffEvent {
    /** The record was read after a sync, or a compare-and-set was won: so it is. */
    record Seen(Sight sight) implements HandOffEvent {
        public Seen {
            Objects.requireNonNull(sight);
        }
    }

    /** A watch has fired, or the session is a new one. */
    record RecordMayHaveChanged() implements HandOffEvent {}

    /** A compare-and-set met another version than it expected. */
    record WriteLost() implements HandOffEvent {}

    /** Nobody knows whether a compare-and-set was, or still will be, carried out: its answer was lost. */
    record WriteUnanswered() implements HandOffEvent {}

    /** The record could not be read: nothing is known. */
    record Unreadable() implements HandOffEvent {}

    /** An alarm that was set has come. */
    record Woken(Alarm alarm) implements HandOffEvent {
        public Woken {
            Objects.requireNonNull(alarm);
        }
    }

    /** At the destination: the machine has its memory mapped and its devices built, and listens. */
    record Listening(String address) implements HandOffEvent {
        public Listening {
            Objects.requireNonNull(address);
        }
    }

    /** At the source: what is left can be sent within the downtime that the operator gave. */
    record Converged() implements HandOffEvent {}

    /** At the destination: all of the guest is here, and verified. */
    record Complete() implements HandOffEvent {}

    /** The stream between the two machines has broken, or one of them found that the other sent what is not true. */
    record StreamBroken(String why) implements HandOffEvent {
        public StreamBroken {
            Objects.requireNonNull(why);
        }
    }

    /** The machine's process is gone. */
    record MachineGone(String why) implements HandOffEvent {
        public MachineGone {
            Objects.requireNonNull(why);
        }
    }
}
