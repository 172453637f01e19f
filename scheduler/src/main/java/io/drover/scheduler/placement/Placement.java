package io.drover.scheduler.placement;

import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostId;
import java.util.Optional;

/** A decision of the scheduler, with its reasons. */
public sealed interface Placement {
    Counts counts();

    /** The best host. Nothing is reserved on it yet. */
    record Placed(HostId host, Driver driver, Score score, Counts counts) implements Placement {}

    /**
     * No host can take the VM.
     *
     * @param nearestMiss of the hosts that came through most filters the one that lacks least; empty when there are
     *     no hosts
     */
    record Unplaced(Counts counts, Optional<Rejection> nearestMiss) implements Placement {
        /** For people, such as {@code none of 3 hosts fits (cordoned 1, memory 2): host h2 lacks …}. */
        public String reason() {
            return nearestMiss
                    .map(miss -> "none of " + counts.considered() + " hosts fits (" + counts + "): " + miss.text())
                    .orElse("there are no hosts");
        }
    }
}
