package io.drover.vmm.timer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class GuestTimeTest {
    private final FakeTimer timer = new FakeTimer();
    private final GuestTime time = new GuestTime(timer::now, timer);
    private final List<Long> rang = new ArrayList<>();
    private final GuestTime.Alarm alarm = time.alarm(() -> rang.add(time.nanos()));

    @Test
    void standsUntilTheGuestRunsAndWhileItIsPaused() {
        timer.advance(50);
        assertThat(time.nanos()).isZero();
        time.run();
        timer.advance(10);
        time.run();
        assertThat(time.nanos()).isEqualTo(10);
        time.stop();
        timer.advance(1000);
        time.stop();
        assertThat(time.nanos()).isEqualTo(10);
        time.run();
        timer.advance(5);
        assertThat(time.nanos()).isEqualTo(15);
    }

    @Test
    void alarmWaitsForAPausedGuest() {
        time.run();
        alarm.set(100);
        timer.advance(60);
        time.stop();
        timer.advance(1000);
        assertThat(rang).isEmpty();
        time.run();
        timer.advance(39);
        assertThat(rang).isEmpty();
        timer.advance(1);
        assertThat(rang).containsExactly(100L);
        timer.advance(1000);
        assertThat(rang).hasSize(1);
    }

    @Test
    void alarmThatIsSetWhileTimeStandsGoesOffWhenItIsTime() {
        alarm.set(30);
        timer.advance(100);
        time.run();
        timer.advance(30);
        assertThat(rang).containsExactly(30L);
    }

    @Test
    void laterAndEarlierTimesReplaceTheOneThatWasSet() {
        time.run();
        alarm.set(100);
        alarm.set(300);
        alarm.set(200);
        timer.advance(150);
        assertThat(rang).isEmpty();
        alarm.set(160);
        timer.advance(500);
        assertThat(rang).containsExactly(160L);
        alarm.set(0);
        timer.advance(0);
        assertThat(rang).containsExactly(160L, 650L);
        alarm.set(700);
        alarm.cancel();
        timer.advance(500);
        assertThat(rang).hasSize(2);
    }

    @Property
    void ringsOnceAtTheLastTimeSetAndHoldsOneWakeUp(@ForAll long seed) {
        FakeTimer clock = new FakeTimer();
        GuestTime guest = new GuestTime(clock::now, clock);
        List<Long> rings = new ArrayList<>();
        GuestTime.Alarm one = guest.alarm(() -> rings.add(guest.nanos()));
        Random random = new Random(seed);
        long due = Long.MAX_VALUE;
        for (int step = 0; step < 200; step++) {
            int before = rings.size();
            switch (random.nextInt(5)) {
                case 0 -> guest.run();
                case 1 -> guest.stop();
                case 2 -> {
                    due = guest.nanos() + random.nextInt(50);
                    one.set(due);
                }
                default -> clock.advance(random.nextInt(40));
            }
            if (rings.size() > before) {
                assertThat(rings.subList(before, rings.size())).containsExactly(due);
                due = Long.MAX_VALUE;
            } else {
                assertThat(guest.nanos()).isLessThanOrEqualTo(due);
            }
        }
        assertThat(clock.mostWaiting()).isLessThanOrEqualTo(1);
    }

    @Test
    void timerThreadWakesUpAndEnds() throws InterruptedException {
        CountDownLatch woken = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        try (TimerThread thread = new TimerThread()) {
            thread.after(0, never::countDown).cancel();
            thread.after(1, woken::countDown);
            assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
            thread.after(TimeUnit.DAYS.toNanos(1), never::countDown);
        }
        TimerThread closed = new TimerThread();
        closed.close();
        closed.after(0, never::countDown).cancel();
    }
}
