package io.drover.vmm.lease;

import io.drover.vmm.lease.LeaseEvent.Looked;
import io.drover.vmm.lease.LeaseEvent.Raised;
import io.drover.vmm.lease.LeaseEvent.Renewed;

/**
 * Whether a guest may run, as far as ownership goes.
 *
 * <pre>
 *  Awaited ─► Held ◄─► Expired
 *     └────────┴───┬───────┘
 *  NotNeeded ─► Superseded
 * </pre>
 *
 * When the process's own epoch rises, which the end of a migration's hand-off brings about and nothing else, the lease begins
 * anew: what was given under the old epoch lets nobody run under the new one, and to have heard of the new one too early, or of
 * one between, is no reason not to run any more.
 *
 * <p>
 * Times are nanoseconds on CLOCK_BOOTTIME, which goes on while the host sleeps.
 */
public sealed interface LeaseState {
    /** The VM runs whether anybody looks after it or not. */
    record NotNeeded() implements LeaseState {}

    /** None was given yet. */
    record Awaited() implements LeaseState {}

    record Held(long untilBootNanos) implements LeaseState {}

    /** It ran out; the next renewal by the same epoch gives it back. */
    record Expired(long untilBootNanos) implements LeaseState {}

    /** The VM was given to another owner, or to this host anew: this process never runs the guest again. */
    record Superseded(long byEpoch) implements LeaseState {}

    /** What an event does to a state. */
    sealed interface Transition {
        record To(LeaseState next) implements Transition {}

        /** It is so already, or nothing follows. */
        record Stay() implements Transition {}

        /** The event is of another epoch; after a renewal with a higher one the next state is {@link Superseded} all the same. */
        record WrongEpoch(LeaseState next) implements Transition {}

        /** The renewal makes no sense. */
        record Refused(String why) implements Transition {}
    }

    /** No agent of ours gives longer ones: such a time is of another clock. */
    long LONGEST_NANOS = 600_000_000_000L;

    /** Whether the guest may run. */
    default boolean permits() {
        return this instanceof Held || this instanceof NotNeeded;
    }

    /**
     * The whole of a lease's life, as a function.
     *
     * @param ownEpoch
     *            under which this process may run the guest
     * @param nowBootNanos
     *            when the event comes
     */
    static Transition next(LeaseState state, LeaseEvent event, long ownEpoch, long nowBootNanos) {
        return switch (event) {
            case Renewed(long epoch, long until) -> renewed(state, epoch, until, ownEpoch, nowBootNanos);
            case Raised(long epoch, boolean needed) -> raised(state, epoch, needed, ownEpoch);
            case Looked() -> switch (state) {
                case Held(long until) when nowBootNanos >= until -> new Transition.To(new Expired(until));
                case Held _,NotNeeded _,Awaited _,Expired _,Superseded _ -> new Transition.Stay();
            };
        };
    }

    private static Transition raised(LeaseState state, long epoch, boolean needed, long ownEpoch) {
        if (epoch == ownEpoch) {
            return new Transition.Stay();
        }
        if (epoch < ownEpoch || (state instanceof Superseded(long by) && by > epoch)) {
            return new Transition.WrongEpoch(state);
        }
        return new Transition.To(needed ? new Awaited() : new NotNeeded());
    }

    private static Transition renewed(LeaseState state, long epoch, long until, long ownEpoch, long now) {
        if (epoch < ownEpoch) {
            return new Transition.WrongEpoch(state);
        }
        if (epoch > ownEpoch) {
            return new Transition.WrongEpoch(state instanceof Superseded(long by) && by >= epoch ? state
                    : new Superseded(epoch));
        }
        return switch (state) {
            case NotNeeded _ -> new Transition.Stay();
            case Superseded _ -> new Transition.WrongEpoch(state);
            case Awaited _ -> given(until, now);
            case Expired _ -> given(until, now);
            // Renewals may overtake each other: what was known later counts.
            case Held(long before) when now < before && until <= before -> new Transition.Stay();
            case Held _ -> given(until, now);
        };
    }

    private static Transition given(long until, long now) {
        if (until <= now) {
            return new Transition.Refused("lease : over since " + (now - until) / 1_000_000
                    + " ms (expected: one that is not over yet; the agent heard from ZooKeeper too long ago)");
        }
        if (until - now > LONGEST_NANOS) {
            return new Transition.Refused("lease : of " + (until - now) / 1_000_000_000 + " s (expected: at most "
                    + LONGEST_NANOS / 1_000_000_000 + ", on CLOCK_BOOTTIME)");
        }
        return new Transition.To(new Held(until));
    }
}
