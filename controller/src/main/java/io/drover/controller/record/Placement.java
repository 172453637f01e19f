package io.drover.controller.record;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A decision of the scheduler, with its reasons.
 *
 * @param host empty when no host fits
 * @param driver the driver chosen on the host; empty when no host fits
 * @param rejected how many hosts each filter rejected
 * @param nearestMiss for people; empty when a host was found
 */
public record Placement(Optional<HostId> host, String driver, double score, int hostsConsidered, int hostsFeasible,
        Map<String, Integer> rejected, String nearestMiss, Instant time) {
    public Placement {
        rejected = Map.copyOf(rejected);
        nearestMiss = Texts.cut(nearestMiss);
    }

    /** The same decision: all but when it was made. */
    public boolean saysTheSameAs(Placement other) {
        return equals(new Placement(other.host, other.driver, other.score, other.hostsConsidered, other.hostsFeasible,
                other.rejected, other.nearestMiss, time));
    }

    /** The same, after the VM has moved to another host. */
    Placement on(HostId moved) {
        return new Placement(Optional.of(moved), driver, score, hostsConsidered, hostsFeasible, rejected, nearestMiss,
                time);
    }
}
