package io.drover.vmm.migration.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.migration.policy.Policy.Decision;
import io.drover.vmm.migration.policy.Policy.Step;
import io.drover.vmm.migration.policy.PolicySettings.WhenStuck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class PolicyTest {
    private static final long MIB = 1 << 20;

    /**
     * A guest by four numbers.
     *
     * @param memory
     *            bytes that are sent in the first pass
     * @param written
     *            bytes that it writes to again and again
     * @param writeRate
     *            bytes in a second when nobody holds it
     * @param bandwidth
     *            of the network
     */
    private record Load(long memory, long written, long writeRate, long bandwidth) {
        PassResult pass(long bytes, int throttlePercent, Duration before) {
            double seconds = bytes / (double) bandwidth;
            long dirty = (long) Math.min((double) written, writeRate * (100 - throttlePercent) / 100.0 * seconds);
            Duration took = Duration.ofNanos((long) (seconds * 1e9));
            return new PassResult(bytes, took, dirty, before.plus(took));
        }
    }

    /** All decisions until the last, which is another than to go on. */
    private static List<Step> run(Load load, PolicySettings settings) {
        List<Step> steps = new ArrayList<>();
        Policy policy = Policy.begin(settings);
        long bytes = load.memory;
        Duration elapsed = Duration.ZERO;
        while (true) {
            PassResult result = load.pass(bytes, policy.throttlePercent(), elapsed);
            Step step = policy.after(result);
            steps.add(step);
            if (!(step.decision() instanceof Decision.NextPass)) {
                return steps;
            }
            assertThat(steps).as("it ends").hasSizeLessThanOrEqualTo(Policy.MAX_PASSES);
            policy = step.policy();
            bytes = result.dirtyBytes();
            elapsed = result.elapsed();
        }
    }

    @Property(tries = 500)
    void everyGuestComesToAnEndAndBudgetsAreKept(@ForAll @LongRange(min = 1, max = 1 << 16) long memoryMib,
            @ForAll @IntRange(min = 0, max = 100) int writtenPercent,
            @ForAll @LongRange(min = 0, max = 1 << 14) long rateMib,
            @ForAll @LongRange(min = 1, max = 4000) long bandwidthMib, @ForAll WhenStuck whenStuck,
            @ForAll @IntRange(min = 40, max = 5000) int downtimeMillis,
            @ForAll @IntRange(min = 1, max = 7200) int timeoutSeconds) {
        PolicySettings settings = new PolicySettings(Duration.ofMillis(downtimeMillis),
                Duration.ofMillis(downtimeMillis * 4L), Duration.ofSeconds(timeoutSeconds), whenStuck);
        Load load = new Load(memoryMib * MIB, memoryMib * MIB / 100 * writtenPercent, rateMib * MIB,
                bandwidthMib * MIB);
        List<Step> steps = run(load, settings);
        Step last = steps.getLast();
        switch (last.decision()) {
            case Decision.SwitchOver(Duration predicted) -> {
                if (whenStuck == WhenStuck.GIVE_UP) {
                    assertThat(predicted).isLessThanOrEqualTo(settings.longestDowntime());
                }
            }
            case Decision.GiveUp(String why) -> {
                assertThat(whenStuck).isEqualTo(WhenStuck.GIVE_UP);
                assertThat(why).contains("the guest stays");
            }
            case Decision.NextPass _ -> throw new AssertionError("the last is none of these");
        }
        int before = 0;
        for (Step step : steps) {
            assertThat(step.policy().throttlePercent()).as("only ever held back further").isBetween(before, 99);
            before = step.policy().throttlePercent();
        }
    }

    @Property(tries = 300)
    void guestThatWritesSlowerThanItIsSentIsSwitchedWithoutBeingHeldBack(
            @ForAll @LongRange(min = 1, max = 1 << 16) long memoryMib,
            @ForAll @IntRange(min = 0, max = 80) int ratePercent,
            @ForAll @LongRange(min = 10, max = 4000) long bandwidthMib) {
        Load load = new Load(memoryMib * MIB, memoryMib * MIB, bandwidthMib * MIB / 100 * ratePercent,
                bandwidthMib * MIB);
        PolicySettings settings = new PolicySettings(Duration.ofMillis(300), Duration.ofMillis(300),
                Duration.ofDays(7), WhenStuck.GIVE_UP);
        Step last = run(load, settings).getLast();
        assertThat(last.decision()).isInstanceOfSatisfying(Decision.SwitchOver.class,
                decision -> assertThat(decision.predictedDowntime()).isLessThanOrEqualTo(Duration.ofMillis(300)));
        assertThat(last.policy().throttlePercent()).isZero();
    }

    @Test
    void guestThatWritesFasterIsHeldBackUntilItFits() {
        Load load = new Load(4096 * MIB, 1024 * MIB, 2000 * MIB, 1000 * MIB);
        List<Step> steps = run(load, PolicySettings.DEFAULT);
        assertThat(steps.getLast().decision()).isInstanceOf(Decision.SwitchOver.class);
        assertThat(steps.getLast().policy().throttlePercent()).isBetween(60, 95);
    }

    @Test
    void guestThatCannotBeHeldBackEnoughIsStoppedOrLeftAsTheOperatorSaid() {
        Load load = new Load(4096 * MIB, 4096 * MIB, 1_000_000 * MIB, 100 * MIB);
        for (WhenStuck whenStuck : WhenStuck.values()) {
            PolicySettings settings = new PolicySettings(Duration.ofMillis(300), Duration.ofMillis(300),
                    Duration.ofDays(1), whenStuck);
            List<Step> steps = run(load, settings);
            assertThat(steps.getLast().policy().throttlePercent()).isEqualTo(99);
            switch (whenStuck) {
                case STOP_AND_COPY -> assertThat(steps.getLast().decision()).isInstanceOfSatisfying(
                        Decision.SwitchOver.class,
                        decision -> assertThat(decision.predictedDowntime()).isGreaterThan(Duration.ofSeconds(30)));
                case GIVE_UP -> assertThat(steps.getLast().decision()).isInstanceOfSatisfying(Decision.GiveUp.class,
                        decision -> assertThat(decision.why()).contains("faster than it can be sent", "99 %"));
            }
        }
    }

    @Test
    void timeIsUpWhateverTheGuestDoes() {
        PolicySettings settings = new PolicySettings(Duration.ofMillis(300), Duration.ofMillis(300),
                Duration.ofSeconds(60), WhenStuck.GIVE_UP);
        Step step = Policy.begin(settings)
                .after(new PassResult(100 * MIB, Duration.ofSeconds(61), 100 * MIB, Duration.ofSeconds(61)));
        assertThat(step.decision()).isInstanceOfSatisfying(Decision.GiveUp.class,
                decision -> assertThat(decision.why()).contains("within 60 s"));
    }

    @Test
    void allowedDowntimeGrowsWithTimeToItsLimit() {
        Policy policy = Policy.begin(new PolicySettings(Duration.ofMillis(200), Duration.ofSeconds(1),
                Duration.ofSeconds(100), WhenStuck.GIVE_UP));
        assertThat(policy.allowedDowntime(Duration.ofSeconds(25))).isEqualTo(Duration.ofMillis(200));
        assertThat(policy.allowedDowntime(Duration.ofSeconds(50))).isEqualTo(Duration.ofMillis(600));
        assertThat(policy.allowedDowntime(Duration.ofSeconds(75))).isEqualTo(Duration.ofSeconds(1));
        assertThat(policy.allowedDowntime(Duration.ofSeconds(99))).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void settingsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> new PolicySettings(Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1),
                WhenStuck.GIVE_UP)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("downtime : 0");
        assertThatThrownBy(() -> new PolicySettings(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ZERO,
                WhenStuck.GIVE_UP)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("timeout : 0");
    }
}
