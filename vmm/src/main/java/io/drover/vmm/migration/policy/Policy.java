package io.drover.vmm.migration.policy;

import io.drover.vmm.migration.policy.PolicySettings.WhenStuck;
import java.time.Duration;

/**
 * The one policy, {@code auto}: passes are sent as long as each leaves less than the one before. Once what is left can be sent
 * within the downtime that the operator allows, which grows with time, the guest is switched. A guest that writes too fast for
 * that is held back, step by step. One that is too fast even then is stuck: it is stopped for as long as it takes, or left
 * alone, as the operator said. Always comes to an end, by the number of passes if by nothing else.
 *
 * <p>
 * A value: {@link #after} gives the policy as it is after a pass.
 *
 * @param passes
 *            that have been sent
 * @param bandwidth
 *            bytes in a second, smoothed; 0 before the first pass
 * @param leastDirtyBytes
 *            of all passes that were sent under this throttle
 * @param passesInVain
 *            since that was brought down
 * @param throttlePercent
 *            of their time that vCPUs are held out of the guest
 */
public record Policy(PolicySettings settings, int passes, long bandwidth, long leastDirtyBytes, int passesInVain,
        int throttlePercent) {
    /** More passes than that show nothing new. */
    static final int MAX_PASSES = 500;
    /** What a switch takes besides the pages: the devices' state, a round trip or two, the record's commit. */
    static final Duration FIXED_DOWNTIME = Duration.ofMillis(30);

    private static final int[] THROTTLE_STEPS = {20, 40, 60, 80, 90, 95, 99};
    private static final int PASSES_IN_VAIN = 2;
    /** A pass that leaves more than that of the least so far was in vain, in percent. */
    private static final int PROGRESS_PERCENT = 90;
    /** How much the newest pass counts, in percent: a pass of few pages says little about the network. */
    private static final int NEWEST_PERCENT = 50;
    private static final long TELLING_BYTES = 1 << 20;
    /** The downtime that is allowed grows from a quarter of the time on, until three quarters. */
    private static final double GROWS_FROM = 0.25;
    private static final double GROWS_UNTIL = 0.75;

    /** What is to be done next. */
    public sealed interface Decision {
        /** Send what has become dirty, with vCPUs held out of the guest for so many percent of their time. */
        record NextPass(int throttlePercent) implements Decision {}

        /** Stop the guest and send the rest, once that is permitted. */
        record SwitchOver(Duration predictedDowntime) implements Decision {}

        /** Let the guest run on here. */
        record GiveUp(String why) implements Decision {}
    }

    /** The policy and what it decided. */
    public record Step(Policy policy, Decision decision) {}

    /** Before the first pass. */
    public static Policy begin(PolicySettings settings) {
        return new Policy(settings, 0, 0, Long.MAX_VALUE, 0, 0);
    }

    /** What a pass means. */
    public Step after(PassResult pass) {
        long speed = bandwidthAfter(pass);
        boolean progress = leastDirtyBytes == Long.MAX_VALUE
                || pass.dirtyBytes() <= leastDirtyBytes / 100 * PROGRESS_PERCENT;
        int vain = progress ? 0 : passesInVain + 1;
        Policy next = new Policy(settings, passes + 1, speed, Math.min(leastDirtyBytes, pass.dirtyBytes()), vain,
                throttlePercent);
        Duration predicted = next.predictedDowntime(pass.dirtyBytes());
        if (predicted.compareTo(next.allowedDowntime(pass.elapsed())) <= 0) {
            return new Step(next, new Decision.SwitchOver(predicted));
        }
        if (pass.elapsed().compareTo(settings.timeout()) >= 0) {
            return next.stuck(predicted, "it is not ready to be switched within " + settings.timeout().toSeconds()
                    + " s");
        }
        if (next.passes >= MAX_PASSES) {
            return next.stuck(predicted, "it is not ready to be switched after " + MAX_PASSES + " passes");
        }
        if (vain < PASSES_IN_VAIN) {
            return new Step(next, new Decision.NextPass(throttlePercent));
        }
        for (int step : THROTTLE_STEPS) {
            if (step > throttlePercent) {
                // A new beginning: what was the least before may have been luck.
                return new Step(new Policy(settings, next.passes, speed, Long.MAX_VALUE, 0, step),
                        new Decision.NextPass(step));
            }
        }
        return next.stuck(predicted, "it writes memory faster than it can be sent, at " + throttlePercent
                + " % of its time held back");
    }

    private Step stuck(Duration predicted, String why) {
        return new Step(this, settings.whenStuck() == WhenStuck.STOP_AND_COPY ? new Decision.SwitchOver(predicted)
                : new Decision.GiveUp("the guest stays: " + why + "; it would have to stand still for "
                        + predicted.toMillis()
                        + " ms; next: allow more downtime, more bandwidth, or that it is stopped for as long as it takes"));
    }

    private long bandwidthAfter(PassResult pass) {
        if (pass.bytes() < TELLING_BYTES && bandwidth > 0) {
            return bandwidth;
        }
        long newest = Math.max(1, PassResult.perSecond(pass.bytes(), pass.took()));
        return bandwidth == 0 ? newest
                : (newest * NEWEST_PERCENT + bandwidth * (100 - NEWEST_PERCENT)) / 100;
    }

    /** How long the guest would stand still if it were switched with so much left; a year at most. */
    public Duration predictedDowntime(long dirtyBytes) {
        if (bandwidth == 0) {
            return Duration.ofDays(365);
        }
        double seconds = Math.min((double) dirtyBytes / bandwidth, 365.0 * 24 * 3600);
        return FIXED_DOWNTIME.plusNanos((long) (seconds * 1e9));
    }

    /** How long it may stand still, so long after the beginning. */
    public Duration allowedDowntime(Duration elapsed) {
        double part = elapsed.toNanos() / (double) settings.timeout().toNanos();
        double grown = Math.clamp((part - GROWS_FROM) / (GROWS_UNTIL - GROWS_FROM), 0, 1);
        long more = settings.longestDowntime().minus(settings.downtime()).toNanos();
        return settings.downtime().plusNanos((long) (more * grown));
    }
}
