package io.drover.vmm.client;

import io.drover.proto.vmm.v1.LeaseStatus;

/**
 * Whether a guest may run, as far as ownership goes. Times are nanoseconds on {@link HostClock}.
 */
public sealed interface VmmLease {
    /** It runs whether anybody looks after it or not. */
    record NotNeeded() implements VmmLease {}

    /** None was given yet. */
    record Awaited() implements VmmLease {}

    record Held(long untilBootNanos) implements VmmLease {}

    /** It ran out: the guest does not run before the next renewal. */
    record Expired(long untilBootNanos) implements VmmLease {}

    /** The VMM has heard of a higher epoch: it never runs the guest again. */
    record Superseded(long byEpoch) implements VmmLease {}

    /** Whether the guest may run. */
    default boolean permits() {
        return this instanceof NotNeeded || this instanceof Held;
    }

    /** Converts from the protocol. */
    static VmmLease of(LeaseStatus status) {
        return switch (status.getState()) {
            case AWAITED -> new Awaited();
            case HELD -> new Held(status.getUntilBootNanos());
            case EXPIRED -> new Expired(status.getUntilBootNanos());
            case SUPERSEDED -> new Superseded(status.getSupersededByEpoch());
            case NOT_NEEDED, STATE_UNSPECIFIED, UNRECOGNIZED -> new NotNeeded();
        };
    }

    /** Converts to the protocol. */
    default LeaseStatus toProto() {
        LeaseStatus.Builder status = LeaseStatus.newBuilder();
        switch (this) {
            case NotNeeded() -> status.setState(LeaseStatus.State.NOT_NEEDED);
            case Awaited() -> status.setState(LeaseStatus.State.AWAITED);
            case Held(long until) -> status.setState(LeaseStatus.State.HELD).setUntilBootNanos(until);
            case Expired(long until) -> status.setState(LeaseStatus.State.EXPIRED).setUntilBootNanos(until);
            case Superseded(long by) -> status.setState(LeaseStatus.State.SUPERSEDED).setSupersededByEpoch(by);
        }
        return status.build();
    }
}
