package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Migration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What a controller does for a VM that is to run: intents, takeover by rule 2, placement. It may see what is old. */
final class SimulatedController {
    private static final long TICK_MILLIS = 500;

    private final Cloud cloud;
    private final Map<HostId, Long> awaySince = new HashMap<>();
    private final Set<Long> endedRuns = new TreeSet<>();
    private boolean dead;
    private boolean asked;

    SimulatedController(Cloud cloud) {
        this.cloud = cloud;
    }

    void begin() {
        cloud.time.in(cloud.between(0, TICK_MILLIS), this::tick);
    }

    void die() {
        dead = true;
        awaySince.clear();
    }

    /** The next leader knows what the records say, and nothing else. */
    void nextLeads() {
        dead = false;
    }

    void migrate() {
        asked = write(new HoldEvent.Begin(cloud.move));
        if (asked) {
            cloud.time.in(5, cloud.destination::prepare);
        }
    }

    void cancel() {
        write(new HoldEvent.AskCancel(cloud.move.id()));
    }

    /** An agent tells that a run is over; it tells it again to whoever leads. */
    void runEnded(long epoch) {
        endedRuns.add(epoch);
    }

    private void tick() {
        cloud.time.in(TICK_MILLIS, this::tick);
        if (dead || cloud.zooKeeper.isAway()) {
            return;
        }
        Hold hold = cloud.zooKeeper.current().hold().orElseThrow();
        if (hold.owner().isEmpty()) {
            cloud.liveHost().ifPresent(host -> write(new HoldEvent.Place(host)));
        } else if (endedRuns.contains(hold.owner().get().epoch())) {
            write(new HoldEvent.EndRun(hold.owner().get().epoch()));
        }
        Set<HostId> away = away();
        if (!away.isEmpty()) {
            write(new HoldEvent.TakeAway(away));
        }
        if (hold.migration() instanceof Migration.Preparing) {
            cloud.destination.prepare();
        }
    }

    private Set<HostId> away() {
        Set<HostId> away = new HashSet<>();
        for (SimulatedHost host : cloud.hosts) {
            if (host.isLive()) {
                awaySince.remove(host.id);
            } else {
                long since = awaySince.computeIfAbsent(host.id, id -> cloud.time.now());
                long wait = cloud.mutation == Mutation.NO_TAKEOVER_WAIT ? 0 : Cloud.WAIT_MILLIS;
                if (cloud.time.now() - since >= wait) {
                    away.add(host.id);
                }
            }
        }
        if (cloud.mutation == Mutation.TAKE_FROM_DESTINATION && !away.isEmpty()) {
            away.add(cloud.destination.id);
        }
        return away;
    }

    /** By a compare-and-set on what it has read, which another may change before it arrives. */
    private boolean write(HoldEvent event) {
        Sight sight = cloud.zooKeeper.current();
        if (sight.hold().orElseThrow().after(event) instanceof Change.To(Hold next)) {
            cloud.trace(() -> "controller: " + event);
            cloud.time.in(cloud.between(1, 20), () -> {
                if (!cloud.zooKeeper.isAway()) {
                    cloud.zooKeeper.compareAndSet(next, sight.version());
                }
            });
            return true;
        }
        return false;
    }

    Optional<Set<Long>> ended() {
        return asked ? Optional.of(endedRuns) : Optional.empty();
    }
}
