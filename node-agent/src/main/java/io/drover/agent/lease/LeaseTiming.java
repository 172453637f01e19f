package io.drover.agent.lease;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How the times that keep a VM on one host go together. All of them are assumptions of the proof in docs/architecture.md, so they
 * are checked together.
 *
 * @param session how long ZooKeeper waits for an agent that is silent
 * @param lease how long a guest runs on after the last sign of ZooKeeper, counted from when that was asked for
 * @param tick of the ensemble, its tickTime
 * @param syncLimit of the ensemble: so many ticks a follower may answer although it is cut off from its leader
 * @param drift how much clocks of two machines may differ over all of this
 * @param takeoverWait how long after the end of this host's session its VMs are left alone
 */
public record LeaseTiming(Duration session, Duration lease, Duration tick, int syncLimit, Duration drift,
        Duration takeoverWait) {
    /** So often within a lease ZooKeeper is asked: three answers may be lost. */
    private static final int BEATS = 4;
    private static final Duration SHORTEST_LEASE = Duration.ofSeconds(1);
    private static final Duration LONGEST_LEASE = Duration.ofMinutes(5);
    private static final Duration MARGIN = Duration.ofSeconds(1);

    /** With the shortest wait that is long enough, and a second more. */
    public static LeaseTiming withShortestWait(Duration session, Duration lease, Duration tick, int syncLimit,
            Duration drift) {
        LeaseTiming timing = new LeaseTiming(session, lease, tick, syncLimit, drift, Duration.ZERO);
        return new LeaseTiming(session, lease, tick, syncLimit, drift, timing.atLeast().plus(MARGIN));
    }

    /** How often ZooKeeper is asked. */
    public Duration beat() {
        return lease.dividedBy(BEATS);
    }

    /**
     * How long ago a follower that answers may have heard from its leader. What it has heard from clients it passes on every half
     * tick (ZooKeeper, Leader.lead), for which one tick is counted.
     */
    private Duration followerLag() {
        return tick.multipliedBy(syncLimit + 1L);
    }

    /**
     * The wait must be longer than this: a session that times out began to at most {@link #followerLag} before the last answer
     * that a lease was counted from; one that its agent closes ends at once.
     */
    private Duration atLeast() {
        Duration afterTimeout = lease.plus(followerLag()).plus(drift).minus(session);
        Duration afterClose = lease.plus(drift);
        return afterTimeout.compareTo(afterClose) > 0 ? afterTimeout : afterClose;
    }

    /** All that is wrong, for people. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (lease.compareTo(SHORTEST_LEASE) < 0 || lease.compareTo(LONGEST_LEASE) > 0) {
            problems.add("--lease : " + seconds(lease) + " (expected: " + seconds(SHORTEST_LEASE) + " to "
                    + seconds(LONGEST_LEASE) + ")");
        }
        if (takeoverWait.compareTo(atLeast()) <= 0) {
            problems.add("--takeover-wait : " + seconds(takeoverWait) + " (expected: more than " + seconds(atLeast())
                    + ": longer than lease + drift = " + seconds(lease) + " + " + seconds(drift)
                    + ", and than lease + (sync limit + 1) x tick + drift - session = " + seconds(lease) + " + "
                    + seconds(followerLag()) + " + " + seconds(drift) + " - " + seconds(session) + ")");
        }
        return problems;
    }

    private static String seconds(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() / 1_000.0 + " s";
    }
}
