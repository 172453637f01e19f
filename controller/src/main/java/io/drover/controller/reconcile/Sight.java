package io.drover.controller.reconcile;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import java.util.Optional;

/**
 * What is seen of a VM where its record says that it is: on its owner, or else on the host that keeps its remains.
 *
 * @param reach of that host; empty when the record names none, or one that has no record any more
 * @param run what that host tells of the owner's epoch
 * @param stopAsked whether this controller has asked that agent to stop it, in this generation
 * @param loss of the owner
 * @param earlier what that host tells of an earlier epoch, when it tells nothing of the owner's
 * @param crossing what is seen of the latest migration
 */
record Sight(Optional<HostReach> reach, Optional<Observation> run, boolean stopAsked, HostLoss loss,
        Optional<Observation> earlier, Crossing crossing) {
    /** Of a VM that does not migrate. */
    Sight(Optional<HostReach> reach, Optional<Observation> run, boolean stopAsked, HostLoss loss) {
        this(reach, run, stopAsked, loss, Optional.empty(), Crossing.NONE);
    }

    /** Of an owner that is not lost. */
    Sight(Optional<HostReach> reach, Optional<Observation> run, boolean stopAsked) {
        this(reach, run, stopAsked, new HostLoss.None());
    }
}
