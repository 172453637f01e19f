package io.drover.scheduler.migration;

import java.util.Objects;

/** What becomes of a {@link Hold} by an event. */
public sealed interface Change {
    /** The record is to say this. */
    record To(Hold next) implements Change {
        public To {
            Objects.requireNonNull(next);
        }
    }

    /**
     * Nothing is to be written.
     *
     * @param why what stands against it, for people
     */
    record Refused(Reason reason, String why) implements Change {
        public Refused {
            Objects.requireNonNull(reason);
            Objects.requireNonNull(why);
        }
    }

    /** Why not. */
    enum Reason {
        /** No host may run the VM. */
        NOT_OWNED,
        /** The owner is another one than the event is about, or has another epoch. */
        OTHER_OWNER,
        /** One migration of a VM at a time. */
        UNDER_WAY,
        /** That migration has ended, or was never begun. */
        OTHER_MIGRATION,
        /** The migration has not come so far, or is further already. */
        OTHER_PHASE,
        /** Somebody has asked to cancel it. */
        CANCEL_ASKED,
        /** What is left of the guest is on its way: only its two hosts can say where it goes on. */
        SWITCHING,
        /** The host is not known to run nothing. */
        HOST_NOT_AWAY
    }
}
