package io.drover.vmm.accelerator;

import static io.drover.vmm.accelerator.CodeGuest.code;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The guest's side of every exit, on this machine's KVM. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KvmVirtualCpuTest {
    private static final long MMIO = 0xD000_0000L;

    @Test
    void portWritesOfEverySizeReachTheDevice() throws Exception {
        // mov eax, 0x44332211; mov dx, 0x300; out dx, al; out dx, ax; inc dx; out dx, eax; hlt
        RecordingDevice device = runPorts(code(0xB8, 0x11, 0x22, 0x33, 0x44, 0x66, 0xBA, 0x00, 0x03, 0xEE, 0x66, 0xEF,
                0x66, 0x42, 0xEF), 3);
        assertThat(device.accesses()).containsExactly("write 0 x1 0x11", "write 0 x2 0x2211", "write 1 x4 0x44332211");
    }

    @Test
    void portReadsOfEverySizeGiveTheDevicesValue() throws Exception {
        // mov dx, 0x300; xor eax, eax; in al, dx; out dx, eax; in ax, dx; out dx, eax; in eax, dx; out dx, eax
        RecordingDevice device = runPorts(code(0x66, 0xBA, 0x00, 0x03, 0x31, 0xC0, 0xEC, 0xEF, 0x66, 0xED, 0xEF, 0xED,
                0xEF), 6);
        assertThat(device.accesses()).containsExactly("read 0 x1", "write 0 x4 0x11", "read 0 x2", "write 0 x4 0x2222",
                "read 0 x4", "write 0 x4 0x33333333");
    }

    @Test
    void stringOutputGivesEveryElementInOrder() throws Exception {
        // mov dx, 0x300; mov esi, 0x1000; mov ecx, 5; cld; rep outsb; mov al, 0xEE; out dx, al
        RecordingDevice device = new RecordingDevice();
        byte[] code = code(0x66, 0xBA, 0x00, 0x03, 0xBE, 0x00, 0x10, 0x00, 0x00, 0xB9, 5, 0, 0, 0, 0xFC, 0xF3, 0x6E,
                0xB0, 0xEE, 0xEE);
        try (CodeGuest guest = CodeGuest.create(code, 1)) {
            guest.ports().register(0x300, 8, "recorder", device);
            runUntil(guest, device, "write 0 x1 0xee");
        }
        assertThat(device.accesses()).containsExactly("write 0 x1 0x66", "write 0 x1 0xba", "write 0 x1 0x0",
                "write 0 x1 0x3", "write 0 x1 0xbe", "write 0 x1 0xee");
    }

    @Test
    void stringInputFillsMemoryInOrder() throws Exception {
        // mov dx, 0x300; mov edi, 0x8000; mov ecx, 3; cld; rep insw; mov al, 0xEE; out dx, al
        RecordingDevice device = new RecordingDevice();
        byte[] code = code(0x66, 0xBA, 0x00, 0x03, 0xBF, 0x00, 0x80, 0x00, 0x00, 0xB9, 3, 0, 0, 0, 0xFC, 0xF3, 0x66,
                0x6D, 0xB0, 0xEE, 0xEE);
        try (CodeGuest guest = CodeGuest.create(code, 1)) {
            guest.ports().register(0x300, 8, "recorder", device);
            runUntil(guest, device, "write 0 x1 0xee");
            assertThat(guest.memory().read16(0x8000)).isEqualTo(0x1111);
            assertThat(guest.memory().read16(0x8002)).isEqualTo(0x2222);
            assertThat(guest.memory().read16(0x8004)).isEqualTo(0x3333);
        }
    }

    @Test
    void memoryMappedAccessOfEverySizeAndAlignmentReachesTheDevice() throws Exception {
        // mov ebx, 0xD0000000; mov eax, 0x44332211; mov [ebx], al; mov [ebx+1], ax; mov [ebx+3], eax;
        // movzx eax, byte [ebx+7]; mov [ebx], eax; mov ax, [ebx+9]; mov [ebx], eax; mov eax, [ebx+2]; mov [ebx], eax
        byte[] code = code(0xBB, 0x00, 0x00, 0x00, 0xD0, 0xB8, 0x11, 0x22, 0x33, 0x44, 0x88, 0x03, 0x66, 0x89, 0x43, 1,
                0x89, 0x43, 3, 0x0F, 0xB6, 0x43, 7, 0x89, 0x03, 0x66, 0x8B, 0x43, 9, 0x89, 0x03, 0x8B, 0x43, 2, 0x89,
                0x03);
        RecordingDevice device = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(code, 1)) {
            guest.mmio().register(MMIO, 16, "recorder", device);
            runUntil(guest, device, "write 0 x4 0x33333333");
        }
        assertThat(device.accesses()).containsExactly("write 0 x1 0x11", "write 1 x2 0x2211", "write 3 x4 0x44332211",
                "read 7 x1", "write 0 x4 0x11", "read 9 x2", "write 0 x4 0x2222", "read 2 x4", "write 0 x4 0x33333333");
    }

    @Test
    void accessWhereNothingIsReadsOnesAndWritesNowhere() throws Exception {
        // mov eax, [0xD0001000]; mov dx, 0x300; out dx, eax; mov [0xD0001000], eax; in eax, 0x50; out dx, eax
        byte[] code = code(0xA1, 0x00, 0x10, 0x00, 0xD0, 0x66, 0xBA, 0x00, 0x03, 0xEF, 0xA3, 0x00, 0x10, 0x00, 0xD0,
                0xE5, 0x50, 0xEF);
        RecordingDevice device = runPorts(code, 2);
        assertThat(device.accesses()).containsExactly("write 0 x4 0xffffffff", "write 0 x4 0xffffffff");
    }

    @Test
    void tripleFaultIsToldAndDescribed() throws Exception {
        // ud2, without an interrupt table
        try (CodeGuest guest = CodeGuest.create(code(0x0F, 0x01, 0x1D, 0, 0x20, 0, 0, 0x0F, 0x0B), 1)) {
            RunOutcome outcome = onOwnThread(guest, RunOutcome.TRIPLE_FAULT);
            assertThat(outcome).isEqualTo(RunOutcome.TRIPLE_FAULT);
        }
    }

    @Test
    void kickGetsASpinningCpuOutAndItRunsOn() throws Exception {
        // mov dx, 0x300; out dx, al; spin: jmp spin
        RecordingDevice device = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(code(0x66, 0xBA, 0x00, 0x03, 0xEE, 0xEB, 0xFE), 1)) {
            guest.ports().register(0x300, 8, "recorder", device);
            VirtualCpu cpu = guest.cpu();
            CountDownLatch spinning = new CountDownLatch(1);
            CountDownLatch again = new CountDownLatch(1);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    cpu.bind();
                    assertThat(cpu.run()).isEqualTo(RunOutcome.CONTINUE);
                    spinning.countDown();
                    assertThat(cpu.run()).isEqualTo(RunOutcome.INTERRUPTED);
                    again.countDown();
                    assertThat(cpu.run()).isEqualTo(RunOutcome.INTERRUPTED);
                    cpu.unbind();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            assertThat(spinning.await(30, TimeUnit.SECONDS)).isTrue();
            cpu.kick();
            assertThat(again.await(30, TimeUnit.SECONDS)).isTrue();
            cpu.kick();
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void kickBeforeTheFirstRunIsNotLost() throws Exception {
        try (CodeGuest guest = CodeGuest.create(code(0xEB, 0xFE), 1)) {
            guest.cpu().kick();
            assertThat(onOwnThread(guest, RunOutcome.INTERRUPTED)).isEqualTo(RunOutcome.INTERRUPTED);
        }
    }

    @Test
    void settledCpuHasTheValueThatItRead() throws Exception {
        // mov dx, 0x300; in eax, dx; spin: jmp spin
        try (CodeGuest guest = CodeGuest.create(code(0x66, 0xBA, 0x00, 0x03, 0xED, 0xEB, 0xFE), 1)) {
            guest.ports().register(0x300, 8, "recorder", new RecordingDevice());
            AtomicReference<String> described = new AtomicReference<>("");
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    guest.cpu().bind();
                    guest.cpu().run();
                    guest.cpu().settle();
                    described.set(guest.cpu().describe());
                    guest.cpu().unbind();
                } catch (Exception e) {
                    described.set(e.toString());
                }
            });
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
            assertThat(described.get()).contains("RAX=0x11111111 ").contains("RIP=0x1005 ");
            assertThat(guest.cpu().exits()).isEqualTo(1);
        }
    }

    private static RecordingDevice runPorts(byte[] code, int accesses) throws Exception {
        RecordingDevice device = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(code, 1)) {
            guest.ports().register(0x300, 8, "recorder", device);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    guest.cpu().bind();
                    while (device.accesses().size() < accesses) {
                        guest.cpu().run();
                    }
                    guest.cpu().unbind();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
            assertThat(failure.get()).isNull();
        }
        return device;
    }

    private static void runUntil(CodeGuest guest, RecordingDevice device, String access) throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                guest.cpu().bind();
                while (!device.accesses().contains(access)) {
                    guest.cpu().run();
                }
                guest.cpu().unbind();
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        assertThat(failure.get()).isNull();
    }

    /** The first outcome that is {@code awaited}, or else the last of a thousand. */
    private static RunOutcome onOwnThread(CodeGuest guest, RunOutcome awaited) throws Exception {
        AtomicReference<RunOutcome> outcome = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                guest.cpu().bind();
                for (int run = 0; run < 1000 && outcome.get() != awaited; run++) {
                    outcome.set(guest.cpu().run());
                }
                guest.cpu().unbind();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        return outcome.get();
    }
}
