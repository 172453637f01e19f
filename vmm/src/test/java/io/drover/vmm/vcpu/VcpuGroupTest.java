package io.drover.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.accelerator.VirtualCpu;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VcpuGroupTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final AtomicInteger interruptions = new AtomicInteger();
    private volatile boolean permitted = true;
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final List<FakeCpu> cpus = List.of(new FakeCpu(), new FakeCpu(), new FakeCpu());
    private final VcpuGroup group = new VcpuGroup("test", List.<VirtualCpu>copyOf(cpus), List.of(), new VcpuOwner() {
        @Override
        public void powerOff() {
            ended("power off");
        }

        @Override
        public void reset() {
            ended("reset");
        }

        @Override
        public void panicked(String how) {
            ended("panicked " + how);
        }

        @Override
        public void failed(String what) {
            ended("failed " + what);
        }

        private void ended(String how) {
            group.leave();
            heard.add(how);
        }
    }, new EntryPermit() {
        @Override
        public boolean given() {
            return permitted;
        }

        @Override
        public void interrupted() {
            interruptions.incrementAndGet();
        }
    });

    @AfterEach
    void end() {
        cpus.forEach(FakeCpu::heedKicks);
        group.close();
        assertThat(cpus).noneMatch(FakeCpu::bound);
    }

    @Test
    void startedGroupStaysOutOfTheGuestUntilResumed() throws Exception {
        group.start();
        assertThat(group.pause(LONG)).isTrue();
        assertThat(group.exits()).isZero();
        assertThat(group.firstEntryNanos()).isZero();

        group.resume();
        awaitAllInGuest();
        assertThat(group.firstEntryNanos()).isPositive();
    }

    @Test
    void pausedGroupIsWhollyOutAndSettled() throws Exception {
        group.start();
        for (int round = 0; round < 50; round++) {
            group.resume();
            if (round % 2 == 0) {
                awaitAllInGuest();
            }
            assertThat(group.pause(LONG)).isTrue();
            assertThat(cpus).noneMatch(FakeCpu::inGuest).allMatch(FakeCpu::settled);
        }
    }

    @Test
    void heldGroupIsOutOfTheGuestUntilItIsLetGoAndStillObeys() throws Exception {
        group.start();
        group.resume();
        awaitAllInGuest();
        group.hold(true);
        assertThat(group.pause(LONG)).isTrue();
        assertThat(cpus).noneMatch(FakeCpu::inGuest).allMatch(FakeCpu::settled);
        group.hold(false);
        assertThat(cpus).as("paused all the same").noneMatch(FakeCpu::inGuest);

        group.hold(true);
        long exits = group.exits();
        group.resume();
        group.hold(true);
        assertThat(group.exits()).as("told to run, and held").isEqualTo(exits);
        group.hold(false);
        awaitAllInGuest();
        group.hold(true);
        group.leave();
        assertThat(group.join(LONG)).isTrue();
    }

    @Test
    void pauseThatTakesTooLongSaysSo() throws Exception {
        group.start();
        group.resume();
        awaitAllInGuest();
        cpus.get(1).ignoreKicks();
        assertThat(group.pause(Duration.ofMillis(20))).isFalse();
        cpus.get(1).heedKicks();
        assertThat(group.pause(LONG)).isTrue();
    }

    @Test
    void withoutAPermitNobodyIsInTheGuestWhateverTheCommand() throws Exception {
        permitted = false;
        group.start();
        group.resume();
        assertThat(group.exits()).isZero();
        for (int round = 0; round < 50; round++) {
            permitted = true;
            group.permitChanged();
            if (round % 2 == 0) {
                awaitAllInGuest();
            }
            permitted = false;
            group.permitChanged();
            awaitAllOut();
            assertThat(group.pause(LONG)).isTrue();
            assertThat(cpus).noneMatch(FakeCpu::inGuest).allMatch(FakeCpu::settled);
            group.resume();
        }
        assertThat(interruptions).as("each kick has the permit looked at").hasPositiveValue();
        assertThat(cpus).noneMatch(FakeCpu::inGuest);
        group.pause(LONG);
        permitted = true;
        group.permitChanged();
        assertThat(cpus).as("paused all the same").noneMatch(FakeCpu::inGuest);
    }

    /** Who throttles and who gives leases do not know of each other. */
    @Test
    void neitherAPermitNorTheEndOfAHoldAloneLetsAnybodyIn() throws Exception {
        permitted = false;
        group.start();
        group.hold(true);
        group.resume();
        permitted = true;
        group.permitChanged();
        assertThat(group.exits()).as("permitted, and held").isZero();
        assertThat(cpus).noneMatch(FakeCpu::inGuest);
        permitted = false;
        group.permitChanged();
        group.hold(false);
        assertThat(group.exits()).as("let go, without a permit").isZero();
        assertThat(cpus).noneMatch(FakeCpu::inGuest);
        permitted = true;
        group.permitChanged();
        awaitAllInGuest();
        group.hold(true);
        permitted = false;
        group.permitChanged();
        group.hold(false);
        awaitAllOut();
    }

    @Test
    void nobodyRunsAfterLeave() throws Exception {
        group.start();
        group.resume();
        awaitAllInGuest();
        group.leave();
        assertThat(group.join(LONG)).isTrue();
        group.resume();
        assertThat(cpus).noneMatch(FakeCpu::inGuest);
        assertThat(group.pause(LONG)).isTrue();
    }

    @Test
    void outcomesReachTheOwner() throws Exception {
        assertThat(heardAfter(RunOutcome.TRIPLE_FAULT)).isEqualTo("panicked triple fault: fake registers");
    }

    @Test
    void failureReachesTheOwnerWithRegisters() throws Exception {
        assertThat(heardAfter(RunOutcome.FAILED)).isEqualTo("failed fake registers");
    }

    @Test
    void resetByTheAcceleratorReachesTheOwner() throws Exception {
        assertThat(heardAfter(RunOutcome.RESET)).isEqualTo("reset");
    }

    private String heardAfter(RunOutcome outcome) throws InterruptedException {
        group.start();
        group.resume();
        awaitAllInGuest();
        cpus.get(2).comeOutWith(outcome);
        String how = heard.poll(30, TimeUnit.SECONDS);
        assertThat(group.join(LONG)).isTrue();
        return how;
    }

    private void awaitAllOut() {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (cpus.stream().anyMatch(FakeCpu::inGuest)) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private void awaitAllInGuest() {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!cpus.stream().allMatch(FakeCpu::inGuest)) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
