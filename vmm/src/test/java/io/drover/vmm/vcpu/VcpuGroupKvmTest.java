package io.drover.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.accelerator.CodeGuest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pausing, resuming and ending real vCPUs at moments that nobody chose. */
class VcpuGroupKvmTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int COUNTER = 0x8000;

    /**
     * The guest counts in memory, with an exit at each step. At every pause its counter must stand still, whatever the CPU was
     * doing when it was told; after it, it must move again.
     */
    @Property(tries = 25)
    void pausedGuestStandsStillAndResumedOneMoves(
            @ForAll @Size(min = 1, max = 12) java.util.List<@IntRange(max = 300) Integer> waits)
            throws Exception {
        // count: inc dword [0x8000]; out 0x10, al; jmp count
        try (CodeGuest guest = CodeGuest.create(CodeGuest.code(0xFF, 0x05, 0x00, 0x80, 0, 0, 0xE6, 0x10, 0xEB, 0xF6),
                1)) {
            Failures owner = new Failures();
            try (VcpuGroup group = new VcpuGroup("property", guest.cpus(), List.of(), owner)) {
                group.start();
                for (int microseconds : waits) {
                    int before = guest.memory().read32(COUNTER);
                    group.resume();
                    awaitMoreThan(guest, before);
                    spin(microseconds);
                    assertThat(group.pause(LONG)).isTrue();
                    int paused = guest.memory().read32(COUNTER);
                    spin(microseconds);
                    assertThat(guest.memory().read32(COUNTER)).isEqualTo(paused);
                }
                spin(waits.getFirst());
                group.resume();
                spin(waits.getLast());
                group.leave();
                assertThat(group.join(LONG)).isTrue();
                assertThat(owner.failure.get()).isNull();
            }
        }
    }

    /** CPU 0 wakes the three others by INIT and SIPI, through its local APIC; each writes its own mark. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void otherCpusRunAfterInitAndSipi() throws Exception {
        // mov ebx, 0xFEE00000; mov dword [ebx+0xF0], 0x1FF; mov dword [ebx+0x300], 0xC4500 (INIT to all but self);
        // mov ecx, 20000; wait: loop wait; mov dword [ebx+0x300], 0xC4602 (SIPI, page 2); spin: jmp spin
        byte[] first = CodeGuest.code(0xBB, 0, 0, 0xE0, 0xFE, 0xC7, 0x83, 0xF0, 0, 0, 0, 0xFF, 1, 0, 0, 0xC7, 0x83, 0,
                3, 0,
                0, 0, 0x45, 0x0C, 0, 0xB9, 0x20, 0x4E, 0, 0, 0xE2, 0xFE, 0xC7, 0x83, 0, 3, 0, 0, 2, 0x46, 0x0C, 0, 0xEB,
                0xFE);
        // Real mode at 0x2000: mov ax, 1; lock xadd [0x8000], ax; spin: jmp spin — each adds one
        byte[] others = CodeGuest.code(0x31, 0xC0, 0x8E, 0xD8, 0xB8, 1, 0, 0xF0, 0x0F, 0xC1, 0x06, 0x00, 0x80, 0xEB,
                0xFE);
        try (CodeGuest guest = CodeGuest.create(first, 4)) {
            guest.memory().copyIn(0x2000, others);
            Failures owner = new Failures();
            try (VcpuGroup group = new VcpuGroup("smp", guest.cpus(), List.of(), owner)) {
                group.start();
                assertThat(group.pause(LONG)).isTrue();
                assertThat(guest.memory().read16(COUNTER)).isZero();
                group.resume();
                awaitMoreThan(guest, 2);
                assertThat(group.pause(LONG)).isTrue();
                assertThat(guest.memory().read16(COUNTER)).isEqualTo(3);
                assertThat(owner.failure.get()).isNull();
            }
        }
    }

    /** CPUs that wait for SIPI or halt are in the kernel, not in the guest: they must come out as well. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void haltedAndWaitingCpusPauseAndEnd() throws Exception {
        // halt: cli; hlt; jmp halt
        try (CodeGuest guest = CodeGuest.create(CodeGuest.code(0xFA, 0xF4, 0xEB, 0xFC), 4)) {
            try (VcpuGroup group = new VcpuGroup("idle", guest.cpus(), List.of(), new Failures())) {
                group.start();
                for (int round = 0; round < 10; round++) {
                    group.resume();
                    spin(200);
                    assertThat(group.pause(LONG)).isTrue();
                }
                group.resume();
                group.leave();
                assertThat(group.join(LONG)).isTrue();
            }
        }
    }

    private static void awaitMoreThan(CodeGuest guest, int value) throws Exception {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (guest.memory().read32(COUNTER) <= value) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static void spin(int microseconds) {
        long until = System.nanoTime() + microseconds * 1000L;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    private static final class Failures implements VcpuOwner {
        private final AtomicReference<String> failure = new AtomicReference<>();

        @Override
        public void powerOff() {
            failure.set("power off");
        }

        @Override
        public void reset() {
            failure.set("reset");
        }

        @Override
        public void panicked(String how) {
            failure.set(how);
        }

        @Override
        public void failed(String what) {
            failure.set(what);
        }
    }
}
