package io.drover.vmm.cpuid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GivenCpuidTest {
    private static final CpuidOptions EPYC = new CpuidOptions(true, "AMD EPYC");
    private static final List<CpuidEntry> ON_EPYC = GuestCpuidTest.list("kvm-amd-epyc.txt");

    @Property(tries = 300)
    void whatVcpu0WasShownTellsWhatEveryOtherIsShown(@ForAll @IntRange(min = 1, max = 254) int vcpus,
            @ForAll @IntRange(max = 253) int vcpu) {
        int index = vcpu % vcpus;
        GivenCpuid given = new GivenCpuid(GuestCpuid.of(ON_EPYC, 0, vcpus, EPYC));
        assertThat(given.forVcpu(index)).isEqualTo(GuestCpuid.of(ON_EPYC, index, vcpus, EPYC));
    }

    @Test
    void hostThatStillHasItIsEnoughWhateverElseItHas() {
        List<CpuidEntry> fewer = without(ON_EPYC, 0x7, 1 << 23);
        GivenCpuid given = new GivenCpuid(GuestCpuid.of(fewer, 0, 4, EPYC));
        assertThat(given.lackedBy(CpuModel.ofHost(fewer, EPYC))).isEmpty();
        assertThat(given.lackedBy(CpuModel.ofHost(ON_EPYC, EPYC))).isEmpty();
    }

    @Test
    void featureThatAnUpdateTookAwayIsNamed() {
        GivenCpuid given = new GivenCpuid(GuestCpuid.of(ON_EPYC, 0, 4, EPYC));
        assertThat(given.lackedBy(CpuModel.ofHost(without(ON_EPYC, 0x7, 1 << 23), EPYC)))
                .containsExactly("CPUID 7.0 EBX lacks 0x800000");
    }

    private static List<CpuidEntry> without(List<CpuidEntry> entries, int function, int ebx) {
        List<CpuidEntry> less = new ArrayList<>();
        entries.forEach(entry -> less.add(entry.function() == function && entry.index() == 0
                ? new CpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax(), entry.ebx() & ~ebx,
                        entry.ecx(), entry.edx())
                : entry));
        return less;
    }
}
