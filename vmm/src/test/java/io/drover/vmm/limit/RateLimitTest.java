package io.drover.vmm.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RateLimitTest {
    private static final long SECOND = 1_000_000_000L;

    /** A fake clock: it begins anywhere, as the monotonic one does. */
    private long now = -5 * SECOND;

    @Test
    void waitingAsLongAsToldGivesExactlyTheRate() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(30_000, 1)), now);
        long start = now;
        int admitted = 0;
        while (now < start + 10 * SECOND) {
            long wait = limit.admit(4096, now);
            if (wait == 0) {
                admitted++;
            }
            now += wait;
        }
        // One at the start, then one every 33,333.3 ns: the third of a nanosecond is not lost.
        assertThat(admitted).isEqualTo(300_000);
    }

    @Test
    void askingOftenDoesNotChangeTheRate() {
        Random random = new Random(1);
        RateLimit limit = new RateLimit(Optional.of(new IoRate(7_777_777, 4096)), Optional.empty(), now);
        long start = now;
        long bytes = 0;
        while (now < start + SECOND) {
            if (limit.admit(512, now) == 0) {
                bytes += 512;
            }
            now += random.nextInt(300);
        }
        assertThat(bytes).isBetween(7_777_777L + 4096 - 1024, 7_777_777L + 4096);
    }

    @Test
    void burstIsWhatAPauseSavesAndNoMore() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(100, 20)), now);
        now += 3600 * SECOND;
        assertThat(admittedNow(limit)).isEqualTo(20);
        now += SECOND / 10;
        assertThat(admittedNow(limit)).isEqualTo(10);
    }

    @Test
    void requestLargerThanTheBurstGoesWhenTheBucketIsFullAndIsPaidForAfterwards() {
        RateLimit limit = new RateLimit(Optional.of(new IoRate(1 << 20, 1 << 16)), Optional.empty(), now);
        assertThat(limit.admit(1 << 20, now)).isZero();
        long wait = limit.admit(1 << 20, now);
        assertThat(wait).isEqualTo(SECOND);
        now += wait - 1;
        assertThat(limit.admit(1 << 20, now)).isEqualTo(1);
        now += 1;
        assertThat(limit.admit(1 << 20, now)).isZero();
    }

    @Test
    void bothLimitsHoldAndNeitherIsChargedForWhatTheOtherRefuses() {
        RateLimit limit = new RateLimit(Optional.of(new IoRate(1000, 1000)), Optional.of(new IoRate(10, 2)), now);
        assertThat(limit.admit(1000, now)).isZero();
        assertThat(limit.admit(500, now)).isEqualTo(SECOND / 2);
        assertThat(limit.admit(0, now)).isZero();
        assertThat(limit.admit(0, now)).isEqualTo(SECOND / 10);
    }

    @Test
    void withoutLimitsAllGoes() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.empty(), now);
        assertThat(limit.admit(Long.MAX_VALUE, now)).isZero();
    }

    @Test
    void extremesDoNotOverflow() {
        long most = TokenBucket.MAX_BURST;
        RateLimit limit = new RateLimit(Optional.of(new IoRate(most, most)), Optional.of(new IoRate(1, 1)), now);
        assertThat(limit.admit(Long.MAX_VALUE, now)).isZero();
        now += 1000 * SECOND;
        assertThat(limit.admit(most, now)).isZero();
        assertThat(limit.admit(1, now)).isEqualTo(SECOND);
    }

    @Test
    void whatIsNoRateIsRefused() {
        assertThatThrownBy(() -> new IoRate(0, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rate limit : 0 a second");
        assertThatThrownBy(() -> new IoRate(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new IoRate(1, Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
    }

    private int admittedNow(RateLimit limit) {
        int admitted = 0;
        while (limit.admit(0, now) == 0) {
            admitted++;
        }
        return admitted;
    }
}
