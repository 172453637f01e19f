package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.util.List;
import java.util.Optional;

/** One side of a hand-off: where it stands. Changes by {@link #after} only, which looks at nothing but its arguments. */
public sealed interface HandOff permits SourceHandOff, DestinationHandOff {
    Move move();

    /** Whether nothing more follows from it: the VM is again like any other, here or not. */
    boolean isOver();

    /** What comes of an event. One that means nothing here changes nothing. */
    Step after(HandOffEvent event);

    /**
     * How a host that is in no hand-off of the VM joins the one that the record, read after a sync, has under way. The source
     * may have missed its beginning. The destination may not: once it is said to listen, whoever listened is dead.
     */
    static Optional<Step> join(Hold hold, HostId host) {
        return switch (hold.migration()) {
            case Migration.UnderWay underWay when underWay.move().source().equals(host) ->
                Optional.of(SourceHandOff.begin(underWay.move()));
            case Migration.Preparing(Move move, boolean _) when move.destination().equals(host) ->
                Optional.of(DestinationHandOff.begin(move));
            case Migration.None _,Migration.UnderWay _,Migration.Committed _,Migration.Failed _ -> Optional.empty();
        };
    }

    /**
     * The next state, and what is to be done.
     *
     * @param actions in order
     */
    record Step(HandOff next, List<HandOffAction> actions) {
        public Step {
            actions = List.copyOf(actions);
        }

        static Step of(HandOff next, HandOffAction... actions) {
            return new Step(next, List.of(actions));
        }
    }
}
