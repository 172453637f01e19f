package io.drover.agent.handoff;

import io.drover.scheduler.migration.Hold;
import java.util.Objects;
import java.util.Optional;

/**
 * What a VM's record said when it was read after a sync, or when it was written.
 *
 * @param hold empty when there is no record of this VM
 * @param version of the record, for the compare-and-set
 */
public record Sight(Optional<Hold> hold, int version) {
    public Sight {
        Objects.requireNonNull(hold);
    }
}
