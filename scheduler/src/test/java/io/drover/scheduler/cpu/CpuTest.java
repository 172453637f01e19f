package io.drover.scheduler.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drover.scheduler.cpu.Cpu.Meeting;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CpuTest {
    private static final int[][] PLACES = {{0x1, 0}, {0x6, 0}, {0x7, 0}, {0x7, 1}, {0x7, 2}, {0xD, 0}, {0xD, 1},
            {0x4000_0001, 0}, {0x8000_0000, 0}, {0x8000_0001, 0}, {0x8000_0008, 0}, {0x8000_0021, 0}, {0x1234, 0}};
    private static final CpuidLeaf AMD = new CpuidLeaf(0, 0, 0x10, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
    private static final CpuidLeaf INTEL = new CpuidLeaf(0, 0, 0x1B, 0x756E_6547, 0x6C65_746E, 0x4965_6E69);

    /** CPUs of one vendor, whose state is where it is on all. */
    @Provide
    Arbitrary<Cpu> cpus() {
        Arbitrary<Integer> word = Arbitraries.integers();
        List<Arbitrary<CpuidLeaf>> leaves = new ArrayList<>();
        leaves.add(Arbitraries.integers().between(1, 0x20).map(last -> new CpuidLeaf(0, 0, last, AMD.ebx(), AMD.ecx(),
                AMD.edx())));
        for (int[] place : PLACES) {
            leaves.add(Combinators.combine(word, word, word, word)
                    .as((eax, ebx, ecx, edx) -> new CpuidLeaf(place[0], place[1], eax, ebx, ecx, edx)));
        }
        leaves.add(Arbitraries.of(new CpuidLeaf(0xD, 2, 256, 576, 0, 0), CpuidLeaf.silent(0xD, 2)));
        return Combinators.combine(leaves).as(Cpu::new);
    }

    @Property
    void meetingIsCommutative(@ForAll("cpus") Cpu one, @ForAll("cpus") Cpu other) {
        assertThat(one.meet(other)).isEqualTo(other.meet(one));
    }

    @Property
    void meetingIsAssociative(@ForAll("cpus") Cpu one, @ForAll("cpus") Cpu other, @ForAll("cpus") Cpu third) {
        assertThat(common(common(one, other), third)).isEqualTo(common(one, common(other, third)));
    }

    @Property
    void bothHaveWhatTheyHaveInCommon(@ForAll("cpus") Cpu one, @ForAll("cpus") Cpu other) {
        Cpu common = common(one, other);
        assertThat(one.has(common)).isTrue();
        assertThat(other.has(common)).isTrue();
        assertThat(one.lacks(common)).isEmpty();
        assertThat(one.features()).containsAll(common.features());
        assertThat(common.movable()).satisfies(cpu -> assertThat(other.has(cpu)).isTrue());
    }

    @Property
    void whatIsNotInCommonSomeoneLacks(@ForAll("cpus") Cpu one, @ForAll("cpus") Cpu other) {
        assertThat(one.has(other)).isEqualTo(one.lacks(other).isEmpty());
        if (one.has(other) && other.has(one)) {
            assertThat(one.features()).isEqualTo(other.features());
        }
    }

    @Property
    void meetingItselfChangesNothingKnown(@ForAll("cpus") Cpu cpu) {
        Cpu itself = common(cpu, cpu);
        assertThat(common(itself, itself)).isEqualTo(itself);
        assertThat(itself.features()).isEqualTo(cpu.features());
    }

    @Test
    void vendorsHaveNothingInCommon() {
        assertThat(new Cpu(List.of(AMD)).meet(new Cpu(List.of(INTEL))))
                .isEqualTo(new Meeting.Apart("one CPU is of AuthenticAMD, another of GenuineIntel"));
        assertThat(new Cpu(List.of(AMD)).lacks(new Cpu(List.of(INTEL))))
                .containsExactly("a CPU of GenuineIntel (it is of AuthenticAMD)");
    }

    @Test
    void stateThatLiesElsewhereKeepsThemApart() {
        Cpu amd = new Cpu(List.of(AMD, new CpuidLeaf(0xD, 9, 8, 832, 0, 0)));
        Cpu other = new Cpu(List.of(AMD, new CpuidLeaf(0xD, 9, 8, 2688, 0, 0)));
        assertThat(amd.meet(other)).isInstanceOf(Meeting.Apart.class);
        assertThat(amd.has(other)).isFalse();
        assertThat(amd.meet(new Cpu(List.of(AMD)))).isEqualTo(new Meeting.Common(new Cpu(List.of(AMD))));
    }

    @Test
    void olderSignatureIsKept() {
        Cpu milan = new Cpu(List.of(AMD, new CpuidLeaf(1, 0, 0xA00F11, 0, 1 << 28, 1 << 26)));
        Cpu rome = new Cpu(List.of(AMD, new CpuidLeaf(1, 0, 0x830F10, 0, 1 << 28 | 1 << 12, 1 << 26)));
        Cpu common = common(milan, rome);
        assertThat(List.of(common.family(), common.model(), common.stepping())).containsExactly(23, 49, 0);
        assertThat(common.features()).containsExactly("avx", "sse2");
        assertThat(milan.lacks(rome)).containsExactly("fma");
    }

    @Test
    void namesAreLinuxsOrPlaces() {
        Cpu cpu = new Cpu(List.of(new CpuidLeaf(7, 0, 0, 1 << 5 | 1 << 31, 1 << 2, 1 << 31),
                new CpuidLeaf(0xD, 1, 0b1000, 0, 0, 0), new CpuidLeaf(0x8000_0008, 0, 0, 1 << 12 | 1 << 31, 0, 0),
                new CpuidLeaf(0x4000_0001, 0, 1 << 3, 0, 0, 0)));
        assertThat(cpu.features()).containsExactly("avx2", "avx512vl", "brs", "cpuid_40000001_0_eax_3", "ibpb",
                "spec_ctrl_ssbd", "umip", "xsaves");
    }

    @Test
    void whatOnlyTheHostCanDoStaysBehind() {
        Cpu cpu = new Cpu(List.of(AMD, new CpuidLeaf(1, 0, 0, 0, 1 << 5 | 1, 0),
                new CpuidLeaf(7, 0, 0, 1 << 25 | 1 << 5, 0, 1 << 29), new CpuidLeaf(0x8000_0001, 0, 0, 0, 1 << 2, 0)));
        assertThat(cpu.movable().features()).containsExactly("avx2", "pni");
    }

    @Test
    void leavesAreEachThereOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Cpu(List.of(AMD, INTEL)))
                .withMessageContaining("twice");
    }

    private static Cpu common(Cpu one, Cpu other) {
        return ((Meeting.Common) one.meet(other)).cpu();
    }
}
