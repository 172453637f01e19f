package io.drover.vmm.cpuid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.accelerator.KvmAccelerator;
import io.drover.vmm.accelerator.RunOutcome;
import io.drover.vmm.bus.IoDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest on this machine's KVM reads by CPUID. */
@Timeout(60)
class CpuModelGuestTest {
    private static final int LIST = 0x2000;
    private static final int ENTRY_BYTES = 24;
    private static final int PORT = 0x10;

    @Test
    void guestReadsTheModelAndNothingOfTheHost() throws Exception {
        List<CpuidEntry> host;
        try (KvmAccelerator accelerator = CodeGuest.openOrSkip()) {
            host = CpuModel.ofHost(accelerator.supportedCpuid(),
                    new CpuidOptions(accelerator.hasTscDeadlineTimer(), HostModel.read()));
        }
        // Some KVMs that only emulate show a guest the CPU's own features, whatever they are told.
        List<CpuidEntry> told = GuestCpuid.of(new CpuModel("host", host).entries(), 0, 1,
                new CpuModel("host", host).options());
        assumeTrue(fixed(read(told)).equals(fixed(told)), "skipped: this /dev/kvm does not show what it is told");

        List<CpuidEntry> less = new ArrayList<>();
        for (CpuidEntry leaf : host) {
            // A little less than the host has, of a CPU that is a generation older.
            less.add(switch (leaf.function()) {
                case ModelLeaves.FEATURES -> new CpuidEntry(leaf.function(), 0, 0, leaf.eax() - 1, 0,
                        leaf.ecx() & ~(1 << 23), leaf.edx());
                case ModelLeaves.EXTENDED_FEATURES -> new CpuidEntry(leaf.function(), 0, 0, 0, 0,
                        leaf.ecx() & ~(1 << 5), leaf.edx());
                default -> leaf;
            });
        }
        CpuModel model = new CpuModel("older", less);
        assertThat(model.lackedBy(host)).isEmpty();
        List<CpuidEntry> expected = GuestCpuid.of(model.entries(), 0, 1, model.options());
        assertThat(fixed(read(expected))).isEqualTo(fixed(expected));
    }

    private static List<CpuidEntry> fixed(List<CpuidEntry> entries) {
        return entries.stream().map(CpuModelGuestTest::fixed).toList();
    }

    /** Without what changes while the guest runs: OSXSAVE, OSPKE, the size of the state that is enabled. */
    private static CpuidEntry fixed(CpuidEntry entry) {
        boolean state = entry.function() == ModelLeaves.EXTENDED_STATE && entry.index() <= 1;
        int ecx = switch (entry.function()) {
            case ModelLeaves.FEATURES -> entry.ecx() & ~(1 << 27);
            case ModelLeaves.STRUCTURED_FEATURES -> entry.ecx() & ~(1 << 4);
            default -> entry.ecx();
        };
        return new CpuidEntry(entry.function(), entry.index(), 0, entry.eax(), state ? 0 : entry.ebx(), ecx,
                entry.edx());
    }

    private static List<CpuidEntry> read(List<CpuidEntry> shown) throws Exception {
        byte[] code = CodeGuest.code(
                // mov esi, LIST; mov edi, count
                0xBE, 0, LIST >> 8, 0, 0, 0xBF, shown.size(), 0, 0, 0,
                // next: mov eax, [esi]; mov ecx, [esi + 4]; cpuid; mov [esi + 8], eax; and ebx, ecx, edx behind it
                0x8B, 0x06, 0x8B, 0x4E, 0x04, 0x0F, 0xA2, 0x89, 0x46, 0x08, 0x89, 0x5E, 0x0C, 0x89, 0x4E, 0x10, 0x89,
                0x56, 0x14,
                // add esi, 24; dec edi; jnz next; out PORT, al; hlt
                0x83, 0xC6, ENTRY_BYTES, 0x4F, 0x75, 0xE7, 0xE6, PORT, 0xF4);
        AtomicBoolean done = new AtomicBoolean();
        try (CodeGuest guest = CodeGuest.create(code, shown)) {
            MemorySegment list = guest.memory().regions().getFirst().segment().asSlice(LIST);
            for (int index = 0; index < shown.size(); index++) {
                list.set(ValueLayout.JAVA_INT, (long) index * ENTRY_BYTES, shown.get(index).function());
                list.set(ValueLayout.JAVA_INT, (long) index * ENTRY_BYTES + 4, shown.get(index).index());
            }
            guest.ports().register(PORT, 1, "done", new IoDevice() {
                @Override
                public long read(long offset, int bytes) {
                    return 0;
                }

                @Override
                public void write(long offset, int bytes, long value) {
                    done.set(true);
                }
            });
            guest.cpu().bind();
            while (!done.get()) {
                assertThat(guest.cpu().run()).as(guest.cpu().describe()).isEqualTo(RunOutcome.CONTINUE);
            }
            guest.cpu().unbind();
            List<CpuidEntry> seen = new ArrayList<>();
            for (int index = 0; index < shown.size(); index++) {
                long at = (long) index * ENTRY_BYTES;
                seen.add(new CpuidEntry(shown.get(index).function(), shown.get(index).index(), 0,
                        list.get(ValueLayout.JAVA_INT, at + 8), list.get(ValueLayout.JAVA_INT, at + 12),
                        list.get(ValueLayout.JAVA_INT, at + 16), list.get(ValueLayout.JAVA_INT, at + 20)));
            }
            return seen;
        }
    }
}
