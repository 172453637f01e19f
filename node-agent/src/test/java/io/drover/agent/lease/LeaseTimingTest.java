package io.drover.agent.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LeaseTimingTest {
    private static Duration seconds(double seconds) {
        return Duration.ofMillis(Math.round(seconds * 1000));
    }

    private static LeaseTiming timing(double session, double lease, double wait) {
        return new LeaseTiming(seconds(session), seconds(lease), seconds(2), 5, seconds(1), seconds(wait));
    }

    @Test
    void shortestWaitOfTheDefaultsIsALeaseAndTheDriftAndASecond() {
        LeaseTiming timing = LeaseTiming.withShortestWait(seconds(15), seconds(10), seconds(2), 5, seconds(1));
        assertThat(timing.takeoverWait()).isEqualTo(seconds(12));
        assertThat(timing.problems()).isEmpty();
        assertThat(timing.beat()).isEqualTo(seconds(2.5));
    }

    @Test
    void followerThatIsCutOffFromItsLeaderIsWaitedForWhereTheSessionIsShort() {
        LeaseTiming timing = LeaseTiming.withShortestWait(seconds(3), seconds(10), seconds(2), 5, seconds(1));
        assertThat(timing.takeoverWait()).as("10 + 6 x 2 + 1 - 3, and one more").isEqualTo(seconds(21));
    }

    @Test
    void waitThatIsTooShortIsRefusedWithTheSum() {
        assertThat(timing(15, 10, 11).problems()).singleElement().asString().contains("--takeover-wait : 11 s",
                "more than 11 s", "10 s + 12 s + 1 s - 15 s");
        assertThat(timing(3, 10, 20).problems()).singleElement().asString().contains("more than 20 s");
        assertThat(timing(15, 10, 11.001).problems()).isEmpty();
        assertThat(timing(15, 0.5, 60).problems()).singleElement().asString().contains("--lease : 0.5 s");
        assertThat(timing(15, 400, 1).problems()).hasSize(2);
    }

    /**
     * The proof in numbers: whatever the follower knew, when the wait after the end of the session is over, the lease is.
     * Times are milliseconds from the question that the last lease was counted from.
     */
    @Property
    void leaseIsOverBeforeTheWaitIs(@ForAll @IntRange(min = 2_000, max = 60_000) int session,
            @ForAll @IntRange(min = 1_000, max = 60_000) int lease, @ForAll @IntRange(min = 100, max = 5_000) int tick,
            @ForAll @IntRange(min = 1, max = 20) int syncLimit, @ForAll @IntRange(max = 5_000) int drift,
            @ForAll @IntRange(max = 1000) int lagPart, @ForAll boolean closed) {
        LeaseTiming timing = LeaseTiming.withShortestWait(Duration.ofMillis(session), Duration.ofMillis(lease),
                Duration.ofMillis(tick), syncLimit, Duration.ofMillis(drift));
        assertThat(timing.problems()).isEmpty();
        // The leader has last heard of the session so long before the question, and counts from there; a session that its agent
        // closes ends after the question.
        double heard = -(syncLimit * (double) tick + tick / 2.0) * lagPart / 1000;
        double ended = closed ? 0 : heard + session;
        double takenOver = ended + timing.takeoverWait().toMillis();
        assertThat(takenOver).isGreaterThan(lease + drift);
    }
}
