package io.drover.vmm.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
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
    void noneLetsAllGoUntilThereIsOne() {
        RateLimit limit = RateLimit.none();
        assertThat(limit.isLimited()).isFalse();
        assertThat(limit.admit(Long.MAX_VALUE, now)).isZero();
        limit.change(Optional.empty(), Optional.of(new IoRate(10, 2)), now);
        assertThat(limit.isLimited()).isTrue();
        assertThat(admittedNow(limit)).as("full at first").isEqualTo(2);
        limit.change(Optional.empty(), Optional.empty(), now);
        assertThat(limit.isLimited()).isFalse();
        assertThat(limit.admit(1, now)).isZero();
    }

    /** Each row: at what rate and burst, how much is spent at once, and when one more may go after the change. */
    @Test
    void whatWasSavedOrIsOwedIsCarriedOver() {
        record Row(String what, IoRate before, long spent, IoRate after, long waitNanos) {}
        List<Row> rows = List.of(
                new Row("the same", new IoRate(100, 10), 10, new IoRate(100, 10), SECOND / 100),
                new Row("faster", new IoRate(100, 10), 10, new IoRate(1000, 10), SECOND / 1000),
                new Row("slower", new IoRate(100, 10), 10, new IoRate(1, 10), SECOND),
                new Row("a larger burst is not filled", new IoRate(100, 10), 10, new IoRate(100, 1000), SECOND / 100),
                new Row("what is left stays", new IoRate(100, 10), 9, new IoRate(1, 1), 0),
                new Row("a debt stays", new IoRate(100, 10), 110, new IoRate(1000, 10), 101 * SECOND / 1000),
                new Row("a debt stays a debt", new IoRate(100, 10), 11, new IoRate(1, 1), 2 * SECOND));
        for (Row row : rows) {
            RateLimit limit = new RateLimit(Optional.of(row.before()), Optional.empty(), now);
            assertThat(limit.admit(row.spent(), now)).as(row.what()).isZero();
            limit.change(Optional.of(row.after()), Optional.empty(), now);
            assertThat(limit.admit(1, now)).as(row.what()).isEqualTo(row.waitNanos());
        }
    }

    @Test
    void timeBeforeAChangeCountsAtTheRateOfThen() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(10, 100)), now);
        assertThat(admittedNow(limit)).isEqualTo(100);
        now += SECOND;
        limit.change(Optional.empty(), Optional.of(new IoRate(1000, 100)), now);
        assertThat(admittedNow(limit)).isEqualTo(10);
    }

    @Test
    void smallerBurstTakesWhatItHasNoRoomForAndALargerOneDoesNotGiveItBack() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(100, 50)), now);
        limit.change(Optional.empty(), Optional.of(new IoRate(100, 5)), now);
        limit.change(Optional.empty(), Optional.of(new IoRate(100, 50)), now);
        assertThat(admittedNow(limit)).isEqualTo(5);
        now += SECOND;
        assertThat(admittedNow(limit)).isEqualTo(50);
    }

    @Test
    void limitThatStaysIsNotTouchedByTheOther() {
        RateLimit limit = new RateLimit(Optional.of(new IoRate(1000, 1000)), Optional.of(new IoRate(10, 1)), now);
        assertThat(limit.admit(1000, now)).isZero();
        limit.change(Optional.of(new IoRate(1000, 1000)), Optional.empty(), now);
        assertThat(limit.admit(500, now)).isEqualTo(SECOND / 2);
        assertThat(limit.admit(0, now)).isZero();
    }

    @Test
    void clockThatAnotherThreadHasReadEarlierTurnsNothingBack() {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(10, 1)), now);
        assertThat(limit.admit(0, now + SECOND)).isZero();
        limit.change(Optional.empty(), Optional.of(new IoRate(10, 10)), now);
        assertThat(limit.admit(0, now + SECOND)).as("the second counts once").isEqualTo(SECOND / 10);
    }

    /**
     * Who always asks again when told gets exactly what the rates gave, however often they change and however small the periods:
     * nothing is gained by it, and nothing lost but what comes in within a nanosecond.
     */
    @Property(tries = 200)
    void changingGivesNothingAndTakesNothing(@ForAll long seed) {
        Random random = new Random(seed);
        long at = random.nextLong();
        long burst = 1L << random.nextInt(12);
        long rate = rate(random);
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(rate, burst)), at);
        // In billionths, as the rates give it.
        BigInteger earned = BigInteger.valueOf(burst).multiply(BigInteger.valueOf(SECOND));
        BigInteger lost = BigInteger.ZERO;
        long admitted = 0;
        for (int change = 0; change < 50; change++) {
            long wait = limit.admit(0, at);
            while (wait == 0) {
                admitted++;
                wait = limit.admit(0, at);
            }
            // Never so long that a burst would be full, which is what loses some.
            long nanos = Math.min(wait, 1 + random.nextInt(1_000_000));
            at += nanos;
            earned = earned.add(BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(rate)));
            if (random.nextInt(3) > 0) {
                lost = lost.add(BigInteger.valueOf(rate));
                rate = rate(random);
                limit.change(Optional.empty(), Optional.of(new IoRate(rate, burst)), at);
            }
        }
        while (limit.admit(0, at) == 0) {
            admitted++;
        }
        assertThat(admitted).isBetween(tokens(earned.subtract(lost)), tokens(earned));
    }

    private static long tokens(BigInteger billionths) {
        return billionths.divide(BigInteger.valueOf(SECOND)).longValueExact();
    }

    private static long rate(Random random) {
        return 1 + random.nextLong(1L << (1 + random.nextInt(30)));
    }

    /** Whatever is asked for and set, no more goes than was earned, but for one request that is larger than a burst. */
    @Property(tries = 200)
    void noMoreGoesThanWasEarned(@ForAll long seed) {
        Random random = new Random(seed);
        long at = 0;
        IoRate rate = new IoRate(rate(random), rate(random));
        RateLimit limit = new RateLimit(Optional.of(rate), Optional.empty(), at);
        BigInteger earned = BigInteger.valueOf(rate.burst()).multiply(BigInteger.valueOf(SECOND));
        BigInteger spent = BigInteger.ZERO;
        long largest = 0;
        for (int step = 0; step < 200; step++) {
            long length = random.nextLong(1L << (1 + random.nextInt(31)));
            if (limit.admit(length, at) == 0) {
                spent = spent.add(BigInteger.valueOf(length));
                largest = Math.max(largest, length);
            }
            long nanos = random.nextLong(1L << (1 + random.nextInt(33)));
            at += nanos;
            earned = earned.add(BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(rate.perSecond())));
            if (random.nextInt(4) == 0) {
                rate = new IoRate(rate(random), rate(random));
                limit.change(Optional.of(rate), Optional.empty(), at);
            }
        }
        assertThat(spent.multiply(BigInteger.valueOf(SECOND)))
                .isLessThanOrEqualTo(earned.add(BigInteger.valueOf(largest).multiply(BigInteger.valueOf(SECOND))));
    }

    @Test
    void extremesDoNotOverflow() {
        long most = TokenBucket.MAX_BURST;
        RateLimit limit = new RateLimit(Optional.of(new IoRate(most, most)), Optional.of(new IoRate(1, 1)), now);
        assertThat(limit.admit(Long.MAX_VALUE, now)).isZero();
        now += 1000 * SECOND;
        assertThat(limit.admit(most, now)).isZero();
        assertThat(limit.admit(1, now)).isEqualTo(SECOND);
        limit.change(Optional.of(new IoRate(1, 1)), Optional.of(new IoRate(most, most)), now);
        assertThat(limit.admit(1, now)).as("one operation at the new rate").isEqualTo(1);
        limit.change(Optional.of(new IoRate(most, most)), Optional.of(new IoRate(1, 1)), now + 1);
        assertThat(limit.admit(1, now + 1)).isZero();
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
