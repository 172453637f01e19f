package io.drover.agent.handoff;

import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.util.Objects;

/**
 * The side that a guest leaves. It gives the guest up only when the record names another owner, and lets a guest that it has
 * paused go on only when the record names itself.
 */
public sealed interface SourceHandOff extends HandOff {
    /** The guest runs here; the destination is not ready, or this agent has just come back. */
    record Awaiting(Move move, Here here) implements SourceHandOff {
        public Awaiting {
            Objects.requireNonNull(move);
            Objects.requireNonNull(here);
        }
    }

    /** The guest runs here and its memory is being sent. */
    record Sending(Move move) implements SourceHandOff {
        public Sending {
            Objects.requireNonNull(move);
        }
    }

    /** The guest runs here. The record is to say SWITCHING, and perhaps does. */
    record Claiming(Move move) implements SourceHandOff {
        public Claiming {
            Objects.requireNonNull(move);
        }
    }

    /** The record says SWITCHING: the guest is paused, or is about to be, or its machine is gone. */
    record Switching(Move move, boolean alive) implements SourceHandOff {
        public Switching {
            Objects.requireNonNull(move);
        }
    }

    /** This side wants the migration to end without a move. As long as the record does not say so, it may be too late. */
    record Withdrawing(Move move, String why, Here here) implements SourceHandOff {
        public Withdrawing {
            Objects.requireNonNull(move);
            Objects.requireNonNull(why);
            Objects.requireNonNull(here);
        }
    }

    /** The guest stays, under this epoch. */
    record Kept(Move move, long epoch) implements SourceHandOff {}

    /** The record leaves the VM here under this epoch, but its machine is gone: the run has ended. */
    record Ended(Move move, long epoch) implements SourceHandOff {}

    /** The VM is no longer this host's. */
    record Gone(Move move, String why) implements SourceHandOff {}

    /**
     * What this host knows of its own.
     *
     * @param alive whether its machine is there
     * @param claimed as in {@link HandOffNote}
     */
    record Here(boolean alive, boolean claimed) {
        static final Here FRESH = new Here(true, false);
    }

    /** Takes part in a migration that the record has as PREPARING, with a guest that runs here. */
    static Step begin(Move move) {
        return Step.of(new Awaiting(move, Here.FRESH), new HandOffAction.Wake(Alarm.DEADLINE),
                new HandOffAction.Keep(note(move, false)), new HandOffAction.Read());
    }

    /**
     * Goes on with what an earlier agent left. Nothing is let run before the record has been read.
     *
     * @param alive whether the machine is there, its guest running or paused
     */
    static Step resume(HandOffNote note, boolean alive) {
        Here here = new Here(alive, note.claimed());
        SourceHandOff left = note.claimed()
                ? new Withdrawing(note.move(), "the source's agent was killed while it took the guest back", here)
                : new Awaiting(note.move(), here);
        return Step.of(left, new HandOffAction.Wake(Alarm.DEADLINE), new HandOffAction.Read());
    }

    @Override
    default boolean isOver() {
        return switch (this) {
            case Kept _,Ended _,Gone _ -> true;
            case Awaiting _,Sending _,Claiming _,Switching _,Withdrawing _ -> false;
        };
    }

    @Override
    default Step after(HandOffEvent event) {
        if (isOver()) {
            return Step.of(this);
        }
        return switch (event) {
            case HandOffEvent.Seen(Sight sight) -> seen(Standing.toSource(sight, move(), here().claimed()));
            case HandOffEvent.RecordMayHaveChanged() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.WriteLost() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.WriteUnanswered() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.Unreadable() -> Step.of(this, new HandOffAction.Wake(Alarm.RETRY));
            case HandOffEvent.Woken(Alarm alarm) -> woken(alarm);
            case HandOffEvent.Converged() ->
                this instanceof Sending ? Step.of(new Claiming(move()), new HandOffAction.Read()) : Step.of(this);
            case HandOffEvent.StreamBroken(String why) -> broken(why);
            case HandOffEvent.MachineGone(String why) -> machineGone(why);
            // The destination's.
            case HandOffEvent.Listening _ -> Step.of(this);
            case HandOffEvent.Complete() -> Step.of(this);
        };
    }

    private Here here() {
        return switch (this) {
            case Awaiting(Move _, Here here) -> here;
            case Withdrawing(Move _, String _, Here here) -> here;
            case Switching(Move _, boolean alive) -> new Here(alive, false);
            case Sending _,Claiming _,Kept _ -> Here.FRESH;
            case Ended _,Gone _ -> new Here(false, false);
        };
    }

    private Step seen(Standing standing) {
        return switch (standing) {
            case Standing.Open open -> open(open);
            case Standing.Ours(long epoch) -> here().alive()
                    ? Step.of(new Kept(move(), epoch), new HandOffAction.Resume(epoch), new HandOffAction.Forget())
                    : Step.of(new Ended(move(), epoch), new HandOffAction.Forget());
            case Standing.Others(String why) ->
                Step.of(new Gone(move(), why), new HandOffAction.Destroy(why), new HandOffAction.Forget());
        };
    }

    private Step open(Standing.Open open) {
        if (this instanceof Withdrawing(Move _, String why, Here here)) {
            return abort(open, why, here);
        }
        if (open.migration().cancelAsked()) {
            return abort(open, "cancelled", here());
        }
        if (!here().alive() && !(open.migration() instanceof Migration.Switching)) {
            return abort(open, "the VM's machine at the source is gone", here());
        }
        return switch (open.migration()) {
            case Migration.Preparing _ -> Step.of(this);
            case Migration.Copying(Move move, String address, boolean _) -> switch (this) {
                case Awaiting _ -> Step.of(new Sending(move), new HandOffAction.Send(move, address));
                case Claiming _ -> Step.of(this, write(open, new HoldEvent.Switch(move.id())));
                case Sending _,Switching _,Withdrawing _,Kept _,Ended _,Gone _ -> Step.of(this);
            };
            case Migration.Switching(Move move, String _) -> switch (this) {
                case Awaiting(Move _, Here here) when !here.alive() ->
                    Step.of(new Switching(move, false), new HandOffAction.Wake(Alarm.SWITCH));
                case Awaiting _,Sending _,Claiming _ -> Step.of(new Switching(move, true),
                        new HandOffAction.Finish(), new HandOffAction.Wake(Alarm.SWITCH));
                case Switching _,Withdrawing _,Kept _,Ended _,Gone _ -> Step.of(this);
            };
        };
    }

    private Step woken(Alarm alarm) {
        return switch (alarm) {
            case RETRY -> Step.of(this, new HandOffAction.Read());
            case DEADLINE -> switch (this) {
                case Awaiting _,Sending _,Claiming _ -> withdraw("it took longer than it was given", here());
                case Switching _,Withdrawing _,Kept _,Ended _,Gone _ -> Step.of(this);
            };
            case SWITCH -> this instanceof Switching
                    ? withdraw("the destination did not take the guest in time", here())
                    : Step.of(this);
        };
    }

    private Step broken(String why) {
        return switch (this) {
            // Where the machine is gone, the destination may have had all before the stream broke: it has its time to commit.
            case Switching(Move _, boolean alive) when !alive -> Step.of(this);
            case Sending _,Claiming _,Switching _ -> withdraw("the stream broke: " + why, here());
            case Awaiting _,Withdrawing _,Kept _,Ended _,Gone _ -> Step.of(this);
        };
    }

    private Step machineGone(String why) {
        return switch (this) {
            case Awaiting(Move _, Here here) -> withdraw(gone(why), new Here(false, here.claimed()));
            case Sending _,Claiming _ -> withdraw(gone(why), new Here(false, false));
            case Switching(Move move, boolean _) -> Step.of(new Switching(move, false));
            case Withdrawing(Move move, String first, Here here) ->
                Step.of(new Withdrawing(move, first, new Here(false, here.claimed())));
            case Kept _,Ended _,Gone _ -> Step.of(this);
        };
    }

    private static String gone(String why) {
        return "the VM's machine at the source is gone: " + why;
    }

    private Step withdraw(String why, Here here) {
        return Step.of(new Withdrawing(move(), why, here), new HandOffAction.Read());
    }

    private Step abort(Standing.Open open, String why, Here here) {
        return Step.of(new Withdrawing(move(), why, new Here(here.alive(), true)),
                new HandOffAction.Keep(note(move(), true)),
                write(open, new HoldEvent.Abort(move().id(), why)));
    }

    private static HandOffAction write(Standing.Open open, HoldEvent event) {
        return switch (open.hold().after(event)) {
            case Change.To(var next) -> new HandOffAction.Write(next, open.version());
            // The states above ask for what the record allows only; were they wrong, the record has the last word.
            case Change.Refused _ -> new HandOffAction.Wake(Alarm.RETRY);
        };
    }

    private static HandOffNote note(Move move, boolean claimed) {
        return new HandOffNote(HandOffNote.Role.SOURCE, move, claimed);
    }
}
