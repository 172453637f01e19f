package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import java.util.Objects;
import java.util.Set;

/** What one of the three that write a VM's record wants to change of who may run it. */
public sealed interface HoldEvent {
    /** Who alone may write it. */
    Writer writer();

    /** Who writes. */
    enum Writer {
        CONTROLLER, SOURCE, DESTINATION
    }

    /** A migration begins. */
    record Begin(Move move) implements HoldEvent {
        public Begin {
            Objects.requireNonNull(move);
        }

        @Override
        public Writer writer() {
            return Writer.CONTROLLER;
        }
    }

    /** Somebody wants the migration to end. */
    record AskCancel(String id) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.CONTROLLER;
        }
    }

    /** The destination has memory mapped and devices built, and listens. */
    record Listen(String id, String address) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.DESTINATION;
        }
    }

    /** The source is about to pause the guest and to send what is left. */
    record Switch(String id) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.SOURCE;
        }
    }

    /** The destination has all of the guest, verified. */
    record Commit(String id) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.DESTINATION;
        }
    }

    /** The source takes the guest back. */
    record Abort(String id, String why) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.SOURCE;
        }
    }

    /** The destination does not have all of the guest and never will. */
    record Abandon(String id, String why) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.DESTINATION;
        }
    }

    /** A host becomes the owner of a VM that has none. */
    record Place(HostId host) implements HoldEvent {
        public Place {
            Objects.requireNonNull(host);
        }

        @Override
        public Writer writer() {
            return Writer.CONTROLLER;
        }
    }

    /** The owner's agent said that its run under this epoch is over. */
    record EndRun(long epoch) implements HoldEvent {
        @Override
        public Writer writer() {
            return Writer.CONTROLLER;
        }
    }

    /**
     * The owner runs it no more, because its host is away.
     *
     * @param away the hosts that surely run nothing: fenced, or their sessions gone and their leases run out
     */
    record TakeAway(Set<HostId> away) implements HoldEvent {
        public TakeAway {
            away = Set.copyOf(away);
        }

        @Override
        public Writer writer() {
            return Writer.CONTROLLER;
        }
    }
}
