package io.drover.vmm.accelerator;

import static io.drover.vmm.accelerator.CodeGuest.code;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.interrupt.MessageInterrupt;
import io.drover.vmm.linux.EventFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Doorbells and message interrupts, on this machine's KVM. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KvmInterruptsTest {
    private static final long MMIO = 0xD000_0000L;
    private static final long LOCAL_APIC = 0xFEE0_0000L;
    /** Switches the local APIC on, tells port 0x300, lets interrupts in and halts; an interrupt finds no handler. */
    private static final byte[] WAITS_FOR_ITS_END = code(
            // mov dword [0xFEE000F0], 0x1FF
            0xC7, 0x05, 0xF0, 0x00, 0xE0, 0xFE, 0xFF, 0x01, 0x00, 0x00,
            // mov dx, 0x300; out dx, al; sti; halt: hlt; jmp halt
            0x66, 0xBA, 0x00, 0x03, 0xEE, 0xFB, 0xF4, 0xEB, 0xFD);

    @Test
    void doorbellRingsWithoutAnExitUntilItIsRemoved() throws Exception {
        // mov ebx, 0xD0000000; mov dx, 0x300; again: mov [ebx+4], ax; mov [ebx+4], eax; out dx, al; jmp again
        byte[] code = code(0xBB, 0x00, 0x00, 0x00, 0xD0, 0x66, 0xBA, 0x00, 0x03, 0x66, 0x89, 0x43, 4, 0x89, 0x43, 4,
                0xEE, 0xEB, 0xF6);
        RecordingDevice device = new RecordingDevice();
        RecordingDevice port = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(code, 1);
                EventFile event = EventFile.create("event");
                EventFile other = EventFile.create("other")) {
            guest.mmio().register(MMIO, 16, "recorder", device);
            guest.ports().register(0x300, 1, "port", port);
            assertThat(guest.partition().doorbells().add(MMIO + 4, event)).isTrue();
            assertThat(guest.partition().doorbells().add(MMIO + 4, other)).as("taken").isFalse();
            run(guest, port, 1);
            assertThat(event.take()).isTrue();
            assertThat(other.take()).isFalse();
            assertThat(device.accesses()).isEmpty();

            guest.partition().doorbells().remove(MMIO + 4, event);
            run(guest, port, 2);
            assertThat(event.take()).isFalse();
            assertThat(device.accesses()).hasSize(2).allMatch(access -> access.startsWith("write 4 x"));
        }
    }

    @Test
    void messageInterruptsTheCpuThatItNames() throws Exception {
        RecordingDevice port = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(WAITS_FOR_ITS_END, 1)) {
            guest.ports().register(0x300, 1, "port", port);
            MessageInterrupt message = guest.partition().messageInterrupts().create();
            MessageInterrupt other = guest.partition().messageInterrupts().create();
            message.raise();
            run(guest, port, 1);
            // Garbage must do no harm, neither to itself nor to the rest of the table.
            other.route(-1, -1);
            other.raise();
            message.route(LOCAL_APIC, 0x31);
            message.route(LOCAL_APIC, 0x30);
            message.raise();
            assertThat(end(guest)).isEqualTo(RunOutcome.TRIPLE_FAULT);
        }
    }

    @Test
    void linesStillLeadSomewhereOnceMessagesAreRouted() throws Exception {
        // mov dword [0xFEC00000], 0x30; mov dword [0xFEC00010], 0x30: pin 16 gives vector 0x30; then as above.
        byte[] code = new byte[20 + WAITS_FOR_ITS_END.length];
        System.arraycopy(code(0xC7, 0x05, 0x00, 0x00, 0xC0, 0xFE, 0x30, 0x00, 0x00, 0x00, 0xC7, 0x05, 0x10, 0x00, 0xC0,
                0xFE, 0x30, 0x00, 0x00, 0x00), 0, code, 0, 20);
        System.arraycopy(WAITS_FOR_ITS_END, 0, code, 20, WAITS_FOR_ITS_END.length);
        RecordingDevice port = new RecordingDevice();
        try (CodeGuest guest = CodeGuest.create(code, 1)) {
            guest.ports().register(0x300, 1, "port", port);
            run(guest, port, 1);
            guest.partition().messageInterrupts().create().route(LOCAL_APIC, 0x55);
            guest.partition().line(16).set(true);
            assertThat(end(guest)).isEqualTo(RunOutcome.TRIPLE_FAULT);
        }
    }

    private static void run(CodeGuest guest, RecordingDevice port, int times) throws Exception {
        while (port.accesses().size() < times) {
            assertThat(guest.cpu().run()).isEqualTo(RunOutcome.CONTINUE);
        }
    }

    private static RunOutcome end(CodeGuest guest) throws Exception {
        RunOutcome outcome;
        do {
            outcome = guest.cpu().run();
        } while (outcome == RunOutcome.CONTINUE);
        return outcome;
    }
}
