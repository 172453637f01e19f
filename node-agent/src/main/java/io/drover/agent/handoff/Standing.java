package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.util.function.Predicate;

/** What a VM's record says about a migration, to one of its two hosts. */
sealed interface Standing {
    /** It has not come to its end. */
    record Open(Hold hold, Migration.UnderWay migration, int version) implements Standing {}

    /** It has, and this host may run the VM, under this epoch. */
    record Ours(long epoch) implements Standing {}

    /** This host may not run the VM. */
    record Others(String why) implements Standing {}

    /** To the source: it is the owner under the epoch that it had, or under the one that its abort gave it. */
    static Standing toSource(Sight sight, Move move, boolean claimed) {
        return of(sight, move, move.source(), hold -> hold.names(move.source(), move.epoch())
                || (hold.names(move.source(), HandOffNote.nextEpoch(move)) && (claimed || failed(hold, move))));
    }

    /** To the destination: it is the owner under the epoch that its commit gave it. */
    static Standing toDestination(Sight sight, Move move, boolean claimed) {
        return of(sight, move, move.destination(), hold -> hold.names(move.destination(), HandOffNote.nextEpoch(move))
                && (claimed || committed(hold, move)));
    }

    private static boolean failed(Hold hold, Move move) {
        return hold.migration() instanceof Migration.Failed(Move ended, String _) && ended.id().equals(move.id());
    }

    private static boolean committed(Hold hold, Move move) {
        return hold.migration() instanceof Migration.Committed(Move ended) && ended.id().equals(move.id());
    }

    private static Standing of(Sight sight, Move move, HostId host, Predicate<Hold> ours) {
        if (sight.hold().isEmpty()) {
            return new Others("there is no record of this VM");
        }
        Hold hold = sight.hold().get();
        if (hold.migration() instanceof Migration.UnderWay underWay && underWay.move().id().equals(move.id())) {
            return new Open(hold, underWay, sight.version());
        }
        if (ours.test(hold)) {
            return new Ours(hold.owner().orElseThrow().epoch());
        }
        return new Others(hold.owner().map(owner -> "the VM's owner is " + owner + ", not host " + host)
                .orElse("the VM's record names no owner"));
    }
}
