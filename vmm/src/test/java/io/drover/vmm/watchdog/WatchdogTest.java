package io.drover.vmm.watchdog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    /** Two counts of 1024 units, of 0.993 ms each. */
    private static final int COUNT = 1024;
    private static final long COUNT_MILLIS = 1016;

    private final WatchdogBench bench;

    WatchdogTest() throws IOException {
        bench = new WatchdogBench(WatchdogAction.RESET);
    }

    @Test
    void isTheDeviceThatTheDriverLooksFor() {
        assertThat(bench.config(0, 4)).isEqualTo(0x25AB_8086L);
        assertThat(bench.config(0x08, 4)).isEqualTo(0x0880_0000L);
        assertThat(bench.config(0x06, 2) & 0x10).as("capabilities").isZero();
        assertThat(bench.register(0, 8)).isEqualTo(0x000F_FFFF_000F_FFFFL);
        assertThat(bench.state()).isEqualTo(new WatchdogState(Optional.empty(), 0));
    }

    @Test
    void actsAfterBothCountsWhenItIsNotFed() {
        bench.arm(COUNT);
        bench.advanceMillis(2 * COUNT_MILLIS);
        assertThat(bench.actions()).isEmpty();
        assertThat(bench.state().left().orElseThrow()).isLessThan(Duration.ofMillis(10));
        bench.advanceMillis(10);
        assertThat(bench.actions()).containsExactly(WatchdogAction.RESET);
        assertThat(bench.register(0xC, 2)).as("timed out").isEqualTo(0x200);
        assertThat(bench.state()).isEqualTo(new WatchdogState(Optional.empty(), 1));
        bench.advanceMillis(100_000);
        assertThat(bench.actions()).hasSize(1);
        assertThat(bench.log()).contains("watchdog: the guest has not fed it; action RESET");
        bench.unlock();
        bench.setRegister(0xC, 2, 0x200);
        assertThat(bench.register(0xC, 2)).isZero();
    }

    @Test
    void doesNothingWhileItIsFed() {
        bench.arm(COUNT);
        for (int i = 0; i < 100; i++) {
            bench.advanceMillis(2 * COUNT_MILLIS);
            bench.feed();
        }
        assertThat(bench.actions()).isEmpty();
        assertThat(bench.timer().mostWaiting()).isEqualTo(1);
    }

    @Test
    void pausedGuestIsNotPunished() {
        bench.arm(COUNT);
        bench.advanceMillis(COUNT_MILLIS);
        bench.time().stop();
        bench.advanceMillis(1_000_000);
        assertThat(bench.actions()).isEmpty();
        bench.time().run();
        bench.advanceMillis(COUNT_MILLIS - 1);
        assertThat(bench.actions()).isEmpty();
        bench.advanceMillis(20);
        assertThat(bench.actions()).hasSize(1);
    }

    @Test
    void isSwitchedOffByAnOrderlyClose() {
        bench.arm(COUNT);
        bench.advanceMillis(500);
        bench.setConfig(0x68, 1, 0);
        assertThat(bench.config(0x68, 1)).isZero();
        bench.advanceMillis(1_000_000);
        assertThat(bench.actions()).isEmpty();
        bench.feed();
        assertThat(bench.state().left()).isEmpty();
    }

    @Test
    void lockCannotBeTakenBack() {
        bench.arm(COUNT);
        bench.setConfig(0x68, 1, 0x03);
        bench.setConfig(0x68, 1, 0);
        assertThat(bench.config(0x68, 1)).isEqualTo(3);
        bench.advanceMillis(3 * COUNT_MILLIS);
        assertThat(bench.actions()).hasSize(1);
    }

    @Test
    void nothingIsWrittenWithoutTheSequence() {
        bench.arm(COUNT);
        bench.setRegister(0, 4, 1);
        bench.setRegister(0xC, 1, 0x86);
        bench.setRegister(0, 4, 2);
        bench.setRegister(0xC, 1, 0x80);
        bench.setRegister(0, 4, 3);
        bench.setRegister(0xC, 1, 0x86);
        bench.setRegister(4, 4, 4);
        bench.setRegister(0xC, 2, 0x100);
        assertThat(bench.register(0, 4)).isEqualTo(COUNT);
        assertThat(bench.register(4, 4)).isEqualTo(COUNT);
        bench.advanceMillis(COUNT_MILLIS);
        bench.setRegister(0xC, 2, 0x100);
        bench.advanceMillis(COUNT_MILLIS + 10);
        assertThat(bench.actions()).as("it was not fed").hasSize(1);
        bench.unlock();
        bench.setRegister(0, 4, -1);
        assertThat(bench.register(0, 4)).isEqualTo(0xF_FFFF);
    }

    @Test
    void firstCountInterruptsIfWanted() {
        bench.arm(COUNT);
        bench.setConfig(0x60, 2, 0);
        bench.advanceMillis(COUNT_MILLIS + 2);
        assertThat(bench.line().asserted()).isTrue();
        assertThat(bench.register(8, 4)).isEqualTo(1);
        bench.setRegister(8, 1, 1);
        assertThat(bench.line().asserted()).isFalse();
        assertThat(bench.register(8, 4)).isZero();
        assertThat(bench.actions()).isEmpty();
    }

    @Test
    void withoutItsOutputItOnlyCounts() {
        bench.arm(COUNT);
        bench.setConfig(0x60, 2, 0x23);
        bench.advanceMillis(3 * COUNT_MILLIS);
        assertThat(bench.actions()).isEmpty();
        assertThat(bench.state().expirations()).isZero();
    }

    @Test
    void freeRunningItGoesOnAndNeitherBusiesTheHostNorFillsItsLog() throws IOException {
        WatchdogBench free = new WatchdogBench(WatchdogAction.NONE);
        free.arm(0);
        free.setConfig(0x60, 2, 0x07);
        free.setConfig(0x68, 1, 0);
        free.setConfig(0x68, 1, 0x06);
        free.advanceMillis(2000);
        assertThat(free.actions()).isEmpty();
        assertThat(free.state().expirations()).isEqualTo(1000);
        assertThat(free.log().lines().count()).isEqualTo(10);
    }

    @Test
    void restsAfterItActedUntilItIsFedAgain() throws IOException {
        WatchdogBench none = new WatchdogBench(WatchdogAction.NONE);
        none.arm(COUNT);
        none.advanceMillis(5 * COUNT_MILLIS);
        assertThat(none.state()).isEqualTo(new WatchdogState(Optional.empty(), 1));
        none.feed();
        assertThat(none.state().left()).isPresent();
        none.advanceMillis(5 * COUNT_MILLIS);
        assertThat(none.state().expirations()).isEqualTo(2);
    }

    @Property
    void anythingIsAnsweredAndAtMostOneWakeUpWaits(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        WatchdogBench any = new WatchdogBench(WatchdogAction.POWER_OFF);
        for (int step = 0; step < 300; step++) {
            int bytes = 1 << random.nextInt(4);
            switch (random.nextInt(7)) {
                case 0 -> any.setConfig(0x60 + random.nextInt(12), 1 << random.nextInt(3), random.nextLong());
                case 1 -> any.config(0x5C + random.nextInt(16), bytes);
                case 2 -> any.setRegister(random.nextInt(20), bytes, random.nextLong());
                case 3 -> any.register(random.nextInt(20), bytes);
                case 4 -> {
                    any.unlock();
                    any.setRegister(4 * random.nextInt(4), 4, random.nextInt(2000));
                }
                case 5 -> any.advanceMillis(random.nextInt(5000));
                default -> {
                    if (random.nextBoolean()) {
                        any.time().stop();
                    } else {
                        any.time().run();
                    }
                }
            }
            assertThat(any.config(0x68, 1)).isLessThan(8);
            assertThat(any.register(0, 4)).isLessThan(0x10_0000);
        }
        assertThat(any.timer().mostWaiting()).isLessThanOrEqualTo(1);
        assertThat(any.actions()).hasSize((int) any.state().expirations());
    }

    /** Armed with two counts of 1024 ticks, about a second each, it is saved in the middle of the second. */
    @Test
    void savedWatchdogActsWhenWhatWasLeftIsOver() throws Exception {
        WatchdogBench first = new WatchdogBench(WatchdogAction.RESET);
        first.arm(1024);
        first.advanceMillis(1500);
        first.time().stop();
        first.advanceMillis(60_000);
        WatchdogBench second = new WatchdogBench(WatchdogAction.RESET);
        second.load(first.save(), first.time().nanos());
        assertThat(second.state().left()).isEqualTo(first.state().left());
        second.advanceMillis(10_000);
        assertThat(second.actions()).as("while time stands").isEmpty();
        second.time().run();
        second.advanceMillis(500);
        assertThat(second.actions()).isEmpty();
        second.advanceMillis(100);
        assertThat(second.actions()).containsExactly(WatchdogAction.RESET);
    }
}
