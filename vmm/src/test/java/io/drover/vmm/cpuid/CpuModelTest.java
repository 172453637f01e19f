package io.drover.vmm.cpuid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CpuModelTest {
    private static final CpuidOptions EPYC = new CpuidOptions(true, "AMD EPYC");
    private static final List<CpuidEntry> HOST = CpuModel.ofHost(GuestCpuidTest.list("kvm-amd-epyc.txt"), EPYC);
    private static final CpuModel MODEL = new CpuModel("rack", HOST);

    @Property
    void guestsSeeTheModelAndNothingElse(@ForAll @IntRange(min = 1, max = 64) int vcpus) {
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            List<CpuidEntry> seen = GuestCpuid.of(MODEL.entries(), vcpu, vcpus, MODEL.options());
            List<CpuidEntry> cpu = ModelLeaves.in(seen);
            assertThat(withoutFlags(cpu)).isEqualTo(withoutFlags(HOST));
        }
    }

    @Test
    void hostHasAllThatItOffers() {
        assertThat(MODEL.lackedBy(HOST)).isEmpty();
    }

    @Test
    void whatIsLackedIsNamed() {
        List<CpuidEntry> older = CpuModel.ofHost(GuestCpuidTest.list("kvm-amd-under-tcg.txt"),
                new CpuidOptions(true, "QEMU TCG CPU version 2.5+"));
        assertThat(older).noneMatch(leaf -> leaf.function() == ModelLeaves.EXTENDED_STATE);
        assertThat(MODEL.lackedBy(older)).anyMatch(text -> text.equals("CPUID d.0 EAX lacks 0xe7"))
                .anyMatch(text -> text.startsWith("CPUID d.2 EAX : 0x0 (expected: 0x100)"));
    }

    @Property
    void aBitLessIsLackedAndABitMoreIsNot(@ForAll @IntRange(min = 0, max = 31) int bit) {
        for (CpuidEntry leaf : HOST) {
            if (leaf.function() != ModelLeaves.EXTENDED_FEATURES) {
                continue;
            }
            int changed = leaf.ecx() ^ 1 << bit;
            List<CpuidEntry> other = new ArrayList<>(HOST);
            other.set(HOST.indexOf(leaf), new CpuidEntry(leaf.function(), 0, 0, leaf.eax(), leaf.ebx(), changed,
                    leaf.edx()));
            assertThat(MODEL.lackedBy(other).isEmpty()).isEqualTo((leaf.ecx() & 1 << bit) == 0);
        }
    }

    @Test
    void areaHoldsEveryPartOfTheState() {
        CpuidEntry state = MODEL.entries().stream()
                .filter(entry -> entry.function() == ModelLeaves.EXTENDED_STATE && entry.index() == 0).findFirst()
                .orElseThrow();
        assertThat(state.ecx()).isGreaterThanOrEqualTo(576 + 256);
        for (CpuidEntry leaf : HOST) {
            if (leaf.function() == ModelLeaves.EXTENDED_STATE && leaf.index() >= 2
                    && (state.eax() & 1 << leaf.index()) != 0) {
                assertThat(leaf.ebx() + leaf.eax()).isLessThanOrEqualTo(state.ecx());
            }
        }
    }

    @Test
    void cachesAndNameAreTheModels() {
        List<CpuidEntry> seen = GuestCpuid.of(MODEL.entries(), 0, 1, MODEL.options());
        assertThat(seen).filteredOn(entry -> entry.function() == 0x8000_001D).hasSize(5);
        assertThat(seen).filteredOn(entry -> entry.function() == 0x8000_0002)
                .allMatch(entry -> entry.eax() == 0x766F_7244); // "Drov"
        assertThat(seen).noneMatch(entry -> entry.function() == 0xA && entry.eax() != 0);
        assertThat(seen.stream().map(entry -> List.of(entry.function(), entry.index())).distinct().count())
                .as("each once").isEqualTo(seen.size());
    }

    private static List<CpuidEntry> withoutFlags(List<CpuidEntry> entries) {
        return entries.stream().map(entry -> new CpuidEntry(entry.function(), entry.index(), 0, entry.eax(),
                entry.ebx(), entry.ecx(), entry.edx())).toList();
    }
}
