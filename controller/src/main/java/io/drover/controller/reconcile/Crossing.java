package io.drover.controller.reconcile;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.MigrationSight;
import java.util.Optional;

/**
 * What is seen of a VM's latest migration while it is under way, or until all of it is known.
 *
 * @param source whether that host can be asked; empty when it has no record any more
 * @param destination likewise
 * @param destinationLoss whether that host is lost
 * @param atSource what the source tells of this migration; empty when it tells nothing
 * @param atDestination likewise
 * @param waitedFor since its end was seen both hosts have had the time to tell what they know
 */
record Crossing(Optional<HostReach> source, Optional<HostReach> destination, HostLoss destinationLoss,
        Optional<MigrationSight> atSource, Optional<MigrationSight> atDestination, boolean waitedFor) {
    /** Of a VM that does not migrate. */
    static final Crossing NONE = new Crossing(Optional.empty(), Optional.empty(), new HostLoss.None(),
            Optional.empty(), Optional.empty(), false);

    /**
     * Whether nothing more will be heard of it soon.
     *
     * @param moved the guest went on at the destination, so that both hosts have something to tell
     */
    boolean told(boolean moved) {
        return waitedFor || (told(source, atSource, moved) && told(destination, atDestination, moved));
    }

    private static boolean told(Optional<HostReach> reach, Optional<MigrationSight> seen, boolean moved) {
        return seen.isPresent() ? seen.get().ended() : !moved && reach.map(HostReach::ready).orElse(true);
    }
}
