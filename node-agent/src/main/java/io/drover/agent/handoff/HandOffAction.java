package io.drover.agent.handoff;

import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Move;
import java.util.Objects;

/** What one side of a hand-off wants done: in this order, each when the one before it is done. */
public sealed interface HandOffAction {
    /** The record is read after a sync. Answered by Seen or Unreadable. */
    record Read() implements HandOffAction {}

    /** A compare-and-set of the record. Answered by Seen with what was written, WriteLost or WriteUnanswered. */
    record Write(Hold next, int version) implements HandOffAction {
        public Write {
            Objects.requireNonNull(next);
        }
    }

    /** The note is made durable. What follows is not done unless it is. */
    record Keep(HandOffNote note) implements HandOffAction {
        public Keep {
            Objects.requireNonNull(note);
        }
    }

    /** The note goes: the hand-off has come to its end here. */
    record Forget() implements HandOffAction {}

    /** A machine is started without a guest, and listens. Answered by Listening. */
    record Receive(Move move) implements HandOffAction {
        public Receive {
            Objects.requireNonNull(move);
        }
    }

    /** The machine sends its memory while its guest runs. Done twice it is done once. Answered by Converged. */
    record Send(Move move, String address) implements HandOffAction {
        public Send {
            Objects.requireNonNull(move);
            Objects.requireNonNull(address);
        }
    }

    /**
     * The machine pauses its guest, and then sends what is left. From then on its guest runs only by {@link Resume}. Done
     * twice it is done once.
     */
    record Finish() implements HandOffAction {}

    /**
     * The machine's epoch is this, durably; its stream ends; its guest runs as far as the hand-off is concerned: a lease
     * is needed as ever. Only ever after the record has said so.
     */
    record Resume(long epoch) implements HandOffAction {}

    /** The machine ends, guest and all. Only ever after the record has said that it is not needed. */
    record Destroy(String why) implements HandOffAction {
        public Destroy {
            Objects.requireNonNull(why);
        }
    }

    /** The alarm is set; one of its kind that was set before comes no more. */
    record Wake(Alarm alarm) implements HandOffAction {
        public Wake {
            Objects.requireNonNull(alarm);
        }
    }
}
