package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import java.util.Objects;
import java.util.Optional;

/**
 * Which host may run a VM, and the migration that may change that: the part of the VM's record that decides, so that
 * one compare-and-set decides it. Changes by {@link #after} only.
 *
 * @param owner empty: no host may
 * @param lastEpoch the highest epoch ever given
 */
public record Hold(Optional<Owner> owner, long lastEpoch, Migration migration) {
    public static final Hold FREE = new Hold(Optional.empty(), 0, new Migration.None());

    public Hold {
        Objects.requireNonNull(migration);
        if (lastEpoch < 0 || owner.filter(held -> held.epoch() > lastEpoch).isPresent()) {
            throw new IllegalArgumentException("last epoch : " + lastEpoch + " (expected: at least the owner's, "
                    + owner.map(Owner::epoch).orElse(0L) + ")");
        }
        if (migration instanceof Migration.UnderWay underWay
                && !owner.equals(Optional.of(underWay.move().before()))) {
            throw new IllegalArgumentException("owner : " + owner + " (expected: the source of migration "
                    + underWay.move().id() + ", " + underWay.move().before() + ")");
        }
    }

    /** A VM that a host runs, and no migration. */
    public static Hold of(HostId host, long epoch) {
        return new Hold(Optional.of(new Owner(host, epoch)), epoch, new Migration.None());
    }

    /** Whether this host may run the VM under this epoch. */
    public boolean names(HostId host, long epoch) {
        return owner.filter(held -> held.host().equals(host) && held.epoch() == epoch).isPresent();
    }

    /** Whether the migration of this id has not come to its end yet. */
    public boolean isUnderWay(String id) {
        return migration instanceof Migration.UnderWay underWay && underWay.move().id().equals(id);
    }

    /** What an event makes of it, or why it may not. */
    public Change after(HoldEvent event) {
        return switch (event) {
            case HoldEvent.Begin(Move move) -> begin(move);
            case HoldEvent.AskCancel(String id) -> askCancel(id);
            case HoldEvent.Listen(String id, String address) -> listen(id, address);
            case HoldEvent.Switch(String id) -> switching(id);
            case HoldEvent.Commit(String id) -> commit(id);
            case HoldEvent.Abort(String id, String why) -> abort(id, why);
            case HoldEvent.Abandon(String id, String why) -> abandon(id, why);
            case HoldEvent.Place(HostId host) -> place(host);
            case HoldEvent.EndRun(long epoch) -> endRun(epoch);
            case HoldEvent.TakeAway away -> takeAway(away);
        };
    }

    private Change begin(Move move) {
        if (owner.isEmpty()) {
            return new Change.Refused(Change.Reason.NOT_OWNED, "no host runs the VM");
        }
        if (migration instanceof Migration.UnderWay underWay) {
            return new Change.Refused(Change.Reason.UNDER_WAY, "migration " + underWay.move().id() + " to host "
                    + underWay.move().destination() + " is under way");
        }
        if (!owner.get().equals(move.before())) {
            return otherOwner();
        }
        return to(new Migration.Preparing(move, false));
    }

    private Change askCancel(String id) {
        return switch (migration) {
            case Migration.Preparing(Move move, boolean _) when move.id().equals(id) ->
                to(new Migration.Preparing(move, true));
            case Migration.Copying(Move move, String address, boolean _) when move.id().equals(id) ->
                to(new Migration.Copying(move, address, true));
            case Migration.Switching(Move move, String _) when move.id().equals(id) -> isSwitching(move);
            default -> otherMigration(id);
        };
    }

    private Change listen(String id, String address) {
        return switch (migration) {
            case Migration.UnderWay underWay when !underWay.move().id().equals(id) -> otherMigration(id);
            case Migration.Preparing(Move _, boolean cancelAsked) when cancelAsked -> cancelAsked(id);
            case Migration.Preparing(Move move, boolean _) -> to(new Migration.Copying(move, address, false));
            case Migration.Copying _,Migration.Switching _ -> otherPhase(id);
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> otherMigration(id);
        };
    }

    private Change switching(String id) {
        return switch (migration) {
            case Migration.UnderWay underWay when !underWay.move().id().equals(id) -> otherMigration(id);
            case Migration.Copying(Move _, String _, boolean cancelAsked) when cancelAsked -> cancelAsked(id);
            case Migration.Copying(Move move, String address, boolean _) -> to(new Migration.Switching(move, address));
            case Migration.Preparing _,Migration.Switching _ -> otherPhase(id);
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> otherMigration(id);
        };
    }

    private Change commit(String id) {
        return switch (migration) {
            case Migration.UnderWay underWay when !underWay.move().id().equals(id) -> otherMigration(id);
            case Migration.Switching(Move move, String _) ->
                owned(new Owner(move.destination(), lastEpoch + 1), new Migration.Committed(move));
            case Migration.Preparing _,Migration.Copying _ -> otherPhase(id);
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> otherMigration(id);
        };
    }

    /** The epoch grows once the guest's state may be elsewhere: what was sent under the old one is worth nothing then. */
    private Change abort(String id, String why) {
        return switch (migration) {
            case Migration.UnderWay underWay when !underWay.move().id().equals(id) -> otherMigration(id);
            case Migration.Switching(Move move, String _) ->
                owned(new Owner(move.source(), lastEpoch + 1), new Migration.Failed(move, why));
            case Migration.UnderWay underWay -> to(new Migration.Failed(underWay.move(), why));
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> otherMigration(id);
        };
    }

    /** The source's own epoch was never superseded: it goes on under it. */
    private Change abandon(String id, String why) {
        return switch (migration) {
            case Migration.UnderWay underWay when underWay.move().id().equals(id) ->
                to(new Migration.Failed(underWay.move(), why));
            default -> otherMigration(id);
        };
    }

    private Change place(HostId host) {
        return owner.isPresent() ? otherOwner() : owned(new Owner(host, lastEpoch + 1), migration);
    }

    private Change endRun(long epoch) {
        if (owner.filter(held -> held.epoch() == epoch).isEmpty()) {
            return otherOwner();
        }
        return switch (migration) {
            case Migration.Switching(Move move, String _) -> isSwitching(move);
            case Migration.UnderWay underWay ->
                free(lastEpoch, new Migration.Failed(underWay.move(), "the VM's run has ended"));
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> free(lastEpoch, migration);
        };
    }

    /** One epoch is used up: what is on its way to the lost owner under its own is older than this. */
    private Change takeAway(HoldEvent.TakeAway event) {
        if (owner.isEmpty()) {
            return new Change.Refused(Change.Reason.NOT_OWNED, "no host runs the VM");
        }
        if (!event.away().contains(owner.get().host())) {
            return notAway(owner.get().host());
        }
        return switch (migration) {
            // The destination may have all of the guest: it commits, or says that it has not.
            case Migration.Switching(Move move, String _) when !event.away().contains(move.destination()) ->
                notAway(move.destination());
            case Migration.UnderWay underWay -> free(lastEpoch + 1, new Migration.Failed(underWay.move(),
                    "host " + owner.get().host() + ", which ran the VM, is away"));
            case Migration.None _,Migration.Committed _,Migration.Failed _ -> free(lastEpoch + 1, migration);
        };
    }

    private Change to(Migration next) {
        return new Change.To(new Hold(owner, lastEpoch, next));
    }

    private static Change owned(Owner next, Migration ended) {
        return new Change.To(new Hold(Optional.of(next), next.epoch(), ended));
    }

    private static Change free(long lastEpoch, Migration ended) {
        return new Change.To(new Hold(Optional.empty(), lastEpoch, ended));
    }

    private Change otherOwner() {
        return new Change.Refused(Change.Reason.OTHER_OWNER,
                owner.map(held -> "the VM's owner is " + held).orElse("no host runs the VM"));
    }

    private Change otherMigration(String id) {
        return new Change.Refused(Change.Reason.OTHER_MIGRATION,
                "migration " + id + " is not under way: the VM's record "
                        + migration.attempt().map(move -> "tells of migration " + move.id()).orElse("tells of none"));
    }

    private static Change otherPhase(String id) {
        return new Change.Refused(Change.Reason.OTHER_PHASE, "migration " + id + " is in another phase");
    }

    private static Change cancelAsked(String id) {
        return new Change.Refused(Change.Reason.CANCEL_ASKED, "migration " + id + " is being cancelled");
    }

    private static Change isSwitching(Move move) {
        return new Change.Refused(Change.Reason.SWITCHING, "migration " + move.id() + " is switching from host "
                + move.source() + " to host " + move.destination() + ": wait for its end");
    }

    private static Change notAway(HostId host) {
        return new Change.Refused(Change.Reason.HOST_NOT_AWAY, "host " + host + " may still have the guest");
    }
}
