package io.drover.vmm.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.linux.BootClock;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeaseTest {
    private static final long HOUR = 3_600_000_000_000L;
    private static final long MINUTE = 60_000_000_000L;

    private final AtomicLong clock = new AtomicLong(HOUR);
    private final AtomicInteger losses = new AtomicInteger();

    private Lease started(boolean needed) throws Exception {
        Lease lease = new Lease(3, needed, clock::get);
        lease.start(losses::incrementAndGet);
        return lease;
    }

    @Test
    void guestThatNeedsNoLeaseRunsUntilAHigherEpochIsHeardOf() throws Exception {
        try (Lease lease = started(false)) {
            assertThat(lease.permits()).isTrue();
            assertThat(lease.renew(3, HOUR + 1)).isEqualTo(new Renewal.Extended());
            clock.addAndGet(HOUR);
            lease.look();
            assertThat(lease.permits()).isTrue();
            assertThat(lease.renew(2, 3 * HOUR)).isInstanceOf(Renewal.WrongEpoch.class);
            assertThat(lease.permits()).isTrue();
            assertThat(lease.renew(4, 3 * HOUR)).isInstanceOf(Renewal.WrongEpoch.class);
            assertThat(lease.permits()).isFalse();
            assertThat(lease.renew(3, 2 * HOUR + MINUTE)).isInstanceOf(Renewal.WrongEpoch.class);
            assertThat(lease.permits()).isFalse();
            assertThat(losses).hasValue(1);
        }
    }

    @Test
    void leaseIsLostOnceWhenItsTimeIsOverAndRegainedByARenewal() throws Exception {
        try (Lease lease = started(true)) {
            assertThat(lease.permits()).isFalse();
            assertThat(lease.renew(3, HOUR + MINUTE)).isEqualTo(new Renewal.Regained());
            assertThat(lease.renew(3, HOUR + 2 * MINUTE)).isEqualTo(new Renewal.Extended());
            assertThat(lease.renew(3, HOUR + MINUTE)).as("an older one that comes late").isEqualTo(
                    new Renewal.Extended());
            assertThat(lease.state()).isEqualTo(new LeaseState.Held(HOUR + 2 * MINUTE));
            clock.addAndGet(2 * MINUTE - 1);
            lease.look();
            assertThat(lease.permits()).isTrue();
            clock.addAndGet(1);
            lease.look();
            lease.look();
            assertThat(lease.permits()).isFalse();
            assertThat(losses).hasValue(1);
            assertThat(lease.renew(3, HOUR + 3 * MINUTE)).isEqualTo(new Renewal.Regained());
            assertThat(lease.permits()).isTrue();
        }
    }

    @Test
    void epochThatIsRaisedBeginsWithoutALeaseAndWhatTheOldOneGetsIsOfNoUse() throws Exception {
        try (Lease lease = started(true)) {
            lease.renew(3, HOUR + MINUTE);
            assertThat(lease.raise(4)).isEqualTo(new Rise.Done());
            assertThat(lease.epoch()).isEqualTo(4);
            assertThat(lease.permits()).isFalse();
            assertThat(losses).hasValue(1);
            assertThat(lease.renew(3, HOUR + 2 * MINUTE)).isInstanceOf(Renewal.WrongEpoch.class);
            assertThat(lease.state()).isEqualTo(new LeaseState.Awaited());
            assertThat(lease.renew(4, HOUR + MINUTE)).isEqualTo(new Renewal.Regained());
            assertThat(lease.raise(4)).isEqualTo(new Rise.Done());
            assertThat(lease.state()).as("raised twice").isEqualTo(new LeaseState.Held(HOUR + MINUTE));
            assertThat(lease.raise(3)).isInstanceOf(Rise.WrongEpoch.class);
            assertThat(lease.permits()).isTrue();
        }
    }

    @Test
    void higherEpochThatWasHeardOfBeforeItWasRaisedIsNotHeldAgainstIt() throws Exception {
        try (Lease lease = started(false)) {
            assertThat(lease.renew(5, HOUR + MINUTE)).isInstanceOf(Renewal.WrongEpoch.class);
            assertThat(lease.raise(4)).isInstanceOf(Rise.WrongEpoch.class);
            assertThat(lease.epoch()).isEqualTo(3);
            assertThat(lease.permits()).isFalse();
            assertThat(lease.raise(5)).isEqualTo(new Rise.Done());
            assertThat(lease.permits()).as("as before: it needs none").isTrue();
        }
    }

    /** A suspended host's boot clock has jumped when its threads go on: whoever looks, sees it. */
    @Test
    void leaseThatRanOutWhileTheHostSleptIsOverAtTheFirstLook() throws Exception {
        try (Lease lease = started(true)) {
            lease.renew(3, HOUR + MINUTE);
            clock.addAndGet(HOUR);
            lease.look();
            assertThat(lease.state()).isEqualTo(new LeaseState.Expired(HOUR + MINUTE));
            assertThat(lease.permits()).isFalse();
        }
    }

    @Test
    void alarmTellsOfTheEndWithoutBeingAsked() throws Exception {
        Semaphore lost = new Semaphore(0);
        try (Lease lease = Lease.of(3, true)) {
            lease.start(lost::release);
            long until = BootClock.nanos() + 100_000_000;
            assertThat(lease.renew(3, until)).isEqualTo(new Renewal.Regained());
            assertThat(lost.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
            assertThat(BootClock.nanos()).isGreaterThanOrEqualTo(until);
            assertThat(lease.permits()).isFalse();
            assertThat(lease.state()).isEqualTo(new LeaseState.Expired(until));

            lease.renew(3, BootClock.nanos() + 50_000_000);
            assertThat(lost.tryAcquire(30, TimeUnit.SECONDS)).as("once more").isTrue();
        }
    }
}
