package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.host.HostId;

/** What came of {@link Cluster#reserve}. */
public sealed interface Reservation {
    /** The VM holds this on that host, from now on or since before. */
    record Held(HostId host, Demand demand) implements Reservation {}

    /** The VM holds something else already; that stays as it is. */
    record HeldOtherwise(HostId host, Demand demand) implements Reservation {}

    /** The host has no room. */
    record DoesNotFit(HostId host, Fit.Lacks lacks) implements Reservation {}

    /** The cluster knows no such host. */
    record NoSuchHost(HostId host) implements Reservation {}
}
