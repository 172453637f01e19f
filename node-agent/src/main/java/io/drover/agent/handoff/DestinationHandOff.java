package io.drover.agent.handoff;

import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.util.Objects;
import java.util.Optional;

/**
 * The side that a guest comes to. It lets the guest run only when the record names it the owner, and throws away what it has
 * received only when the record rules that out.
 */
public sealed interface DestinationHandOff extends HandOff {
    /** A machine without a guest is being started. */
    record Building(Move move) implements DestinationHandOff {
        public Building {
            Objects.requireNonNull(move);
        }
    }

    /** It listens. The record is to say COPYING, and perhaps does. */
    record Offering(Move move, String address) implements DestinationHandOff {
        public Offering {
            Objects.requireNonNull(move);
            Objects.requireNonNull(address);
        }
    }

    /**
     * It receives.
     *
     * @param switching the record as it said SWITCHING, once it has: so that nothing has to be read within the downtime
     */
    record Receiving(Move move, Optional<Sight> switching) implements DestinationHandOff {
        public Receiving {
            Objects.requireNonNull(move);
            Objects.requireNonNull(switching);
        }
    }

    /** It has all of the guest. The record is to name this host, and perhaps does. */
    record Committing(Move move) implements DestinationHandOff {
        public Committing {
            Objects.requireNonNull(move);
        }
    }

    /** It does not have all of the guest and never will. As long as the record does not say so, the source waits. */
    record GivingUp(Move move, String why, Here here) implements DestinationHandOff {
        public GivingUp {
            Objects.requireNonNull(move);
            Objects.requireNonNull(why);
            Objects.requireNonNull(here);
        }
    }

    /** This agent has just come back: nothing is decided before the record was read. */
    record Returned(Move move, Here here) implements DestinationHandOff {
        public Returned {
            Objects.requireNonNull(move);
            Objects.requireNonNull(here);
        }
    }

    /** The guest goes on here, under this epoch. */
    record Arrived(Move move, long epoch) implements DestinationHandOff {}

    /** The record gives the VM to this host under this epoch, but its machine is gone: the run has ended. */
    record Ended(Move move, long epoch) implements DestinationHandOff {}

    /** The VM does not come here. */
    record Gone(Move move, String why) implements DestinationHandOff {}

    /**
     * What this host knows of its own.
     *
     * @param claimed as in {@link HandOffNote}
     */
    record Here(MachineSight machine, boolean claimed) {
        public Here {
            Objects.requireNonNull(machine);
        }
    }

    /** Takes part in a migration that the record has as PREPARING. */
    static Step begin(Move move) {
        return Step.of(new Building(move), new HandOffAction.Wake(Alarm.DEADLINE),
                new HandOffAction.Keep(note(move, false)), new HandOffAction.Receive(move));
    }

    /** Goes on with what an earlier agent left. */
    static Step resume(HandOffNote note, MachineSight machine) {
        return Step.of(new Returned(note.move(), new Here(machine, note.claimed())),
                new HandOffAction.Wake(Alarm.DEADLINE), new HandOffAction.Read());
    }

    /** What an agent that comes back finds of the machine that was to receive the guest. */
    sealed interface MachineSight {
        /** It is not there, or never listened, or its stream broke. */
        record Useless(String why) implements MachineSight {
            public Useless {
                Objects.requireNonNull(why);
            }
        }

        /** It listens or receives. */
        record Receiving(String address) implements MachineSight {
            public Receiving {
                Objects.requireNonNull(address);
            }
        }

        /** It has all of the guest, verified; the guest has perhaps been let run. */
        record Complete() implements MachineSight {}
    }

    @Override
    default boolean isOver() {
        return switch (this) {
            case Arrived _,Ended _,Gone _ -> true;
            case Building _,Offering _,Receiving _,Committing _,GivingUp _,Returned _ -> false;
        };
    }

    @Override
    default Step after(HandOffEvent event) {
        if (isOver()) {
            return Step.of(this);
        }
        return switch (event) {
            case HandOffEvent.Seen(Sight sight) -> seen(sight);
            case HandOffEvent.RecordMayHaveChanged() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.WriteLost() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.WriteUnanswered() -> Step.of(this, new HandOffAction.Read());
            case HandOffEvent.Unreadable() -> Step.of(this, new HandOffAction.Wake(Alarm.RETRY));
            case HandOffEvent.Woken(Alarm alarm) -> woken(alarm);
            case HandOffEvent.Listening(String address) -> this instanceof Building
                    ? Step.of(new Offering(move(), address), new HandOffAction.Read())
                    : Step.of(this);
            case HandOffEvent.Complete() -> complete();
            case HandOffEvent.StreamBroken(String why) -> lost("the stream broke: " + why, false);
            case HandOffEvent.MachineGone(String why) -> lost("the machine at the destination is gone: " + why, true);
            // The source's.
            case HandOffEvent.Converged() -> Step.of(this);
        };
    }

    private boolean claimed() {
        return switch (this) {
            case Committing _ -> true;
            case GivingUp(Move _, String _, Here here) -> here.claimed();
            case Returned(Move _, Here here) -> here.claimed();
            case Building _,Offering _,Receiving _,Arrived _,Ended _,Gone _ -> false;
        };
    }

    private Step seen(Sight sight) {
        return switch (Standing.toDestination(sight, move(), claimed())) {
            case Standing.Open open -> open(open, sight);
            case Standing.Ours(long epoch) -> ours(epoch);
            case Standing.Others(String why) ->
                Step.of(new Gone(move(), why), new HandOffAction.Destroy(why), new HandOffAction.Forget());
        };
    }

    /** By a commit of this host's, as no other way leads here: then it had all of the guest. */
    private Step ours(long epoch) {
        boolean complete = switch (this) {
            case GivingUp(Move _, String _, Here here) -> here.machine() instanceof MachineSight.Complete;
            case Returned(Move _, Here here) -> here.machine() instanceof MachineSight.Complete;
            case Committing _ -> true;
            case Building _,Offering _,Receiving _,Arrived _,Ended _,Gone _ -> false;
        };
        return complete
                ? Step.of(new Arrived(move(), epoch), new HandOffAction.Resume(epoch), new HandOffAction.Forget())
                : Step.of(new Ended(move(), epoch), new HandOffAction.Destroy("it lost the guest that it had received"),
                        new HandOffAction.Forget());
    }

    private Step open(Standing.Open open, Sight sight) {
        boolean copied = !(open.migration() instanceof Migration.Preparing);
        boolean switching = open.migration() instanceof Migration.Switching;
        String id = move().id();
        return switch (this) {
            case GivingUp(Move _, String why, Here _) -> Step.of(this, write(open, new HoldEvent.Abandon(id, why)));
            case Returned(Move _, Here here) -> returned(here, open, sight);
            case Committing _ -> switching
                    ? commit(open)
                    // All of the guest has come, so the record says so, or soon will where the answer came from.
                    : Step.of(this, new HandOffAction.Wake(Alarm.RETRY));
            case Building _,Offering _,Receiving _ when open.migration().cancelAsked() ->
                abandon(open, "cancelled");
            case Building _ -> Step.of(this);
            case Offering(Move _, String address) -> copied
                    ? receive(switching, sight)
                    : Step.of(this, write(open, new HoldEvent.Listen(id, address)));
            case Receiving(Move _, Optional<Sight> known) ->
                known.isPresent() ? Step.of(this) : receive(switching, sight);
            case Arrived _,Ended _,Gone _ -> Step.of(this);
        };
    }

    private Step returned(Here here, Standing.Open open, Sight sight) {
        return switch (here.machine()) {
            case MachineSight.Useless(String why) -> abandon(open, why);
            case MachineSight.Receiving(String address) -> open.migration() instanceof Migration.Preparing
                    ? new Offering(move(), address).after(new HandOffEvent.Seen(sight))
                    : new Receiving(move(), Optional.empty()).after(new HandOffEvent.Seen(sight));
            case MachineSight.Complete() -> new Committing(move()).after(new HandOffEvent.Seen(sight));
        };
    }

    private Step receive(boolean switching, Sight sight) {
        return switching
                ? Step.of(new Receiving(move(), Optional.of(sight)), new HandOffAction.Wake(Alarm.SWITCH))
                : Step.of(new Receiving(move(), Optional.empty()));
    }

    private Step complete() {
        return switch (this) {
            case Receiving(Move move, Optional<Sight> switching) -> switching.isPresent()
                    ? new Committing(move).after(new HandOffEvent.Seen(switching.get()))
                    : Step.of(new Committing(move), new HandOffAction.Read());
            case Offering(Move move, String _) -> Step.of(new Committing(move), new HandOffAction.Read());
            case Returned(Move move, Here here) ->
                Step.of(new Returned(move, new Here(new MachineSight.Complete(), here.claimed())));
            case Building _,Committing _,GivingUp _,Arrived _,Ended _,Gone _ -> Step.of(this);
        };
    }

    private Step lost(String why, boolean machineGone) {
        return switch (this) {
            case Building _,Offering _,Receiving _ -> giveUp(why, false);
            // All of the guest is here: the stream has done what it was for.
            case Committing _ -> machineGone ? giveUp(why, true) : Step.of(this);
            case Returned(Move move, Here here) -> machineGone || !(here.machine() instanceof MachineSight.Complete)
                    ? Step.of(new Returned(move, new Here(new MachineSight.Useless(why), here.claimed())))
                    : Step.of(this);
            case GivingUp _,Arrived _,Ended _,Gone _ -> Step.of(this);
        };
    }

    private Step woken(Alarm alarm) {
        return switch (alarm) {
            case RETRY -> Step.of(this, new HandOffAction.Read());
            case DEADLINE -> switch (this) {
                case Building _,Offering _ -> giveUp("it took longer than it was given", false);
                case Receiving(Move _, Optional<Sight> switching) -> switching.isPresent() ? Step.of(this)
                        : giveUp("it took longer than it was given", false);
                case Committing _,GivingUp _,Returned _,Arrived _,Ended _,Gone _ -> Step.of(this);
            };
            case SWITCH -> this instanceof Receiving ? giveUp("the rest of the guest did not come in time", false)
                    : Step.of(this);
        };
    }

    private Step giveUp(String why, boolean claimed) {
        return Step.of(new GivingUp(move(), why, new Here(new MachineSight.Useless(why), claimed)),
                new HandOffAction.Read());
    }

    private Step abandon(Standing.Open open, String why) {
        return Step.of(new GivingUp(move(), why, new Here(new MachineSight.Useless(why), claimed())),
                write(open, new HoldEvent.Abandon(move().id(), why)));
    }

    private Step commit(Standing.Open open) {
        return Step.of(this, new HandOffAction.Keep(note(move(), true)),
                write(open, new HoldEvent.Commit(move().id())));
    }

    private static HandOffAction write(Standing.Open open, HoldEvent event) {
        return switch (open.hold().after(event)) {
            case Change.To(var next) -> new HandOffAction.Write(next, open.version());
            // The states above ask for what the record allows only; were they wrong, the record has the last word.
            case Change.Refused _ -> new HandOffAction.Wake(Alarm.RETRY);
        };
    }

    private static HandOffNote note(Move move, boolean claimed) {
        return new HandOffNote(HandOffNote.Role.DESTINATION, move, claimed);
    }
}
