package io.drover.vmm.cpuid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GuestCpuidTest {
    private static final CpuidOptions EPYC = new CpuidOptions(true, "AMD EPYC");
    private static final CpuidOptions TCG = new CpuidOptions(true, "QEMU TCG CPU version 2.5+");
    private static final List<CpuidEntry> ON_EPYC = list("kvm-amd-epyc.txt");
    private static final List<CpuidEntry> UNDER_TCG = list("kvm-amd-under-tcg.txt");

    @Property
    void everyVcpuHasItsOwnApicIdEverywhere(@ForAll @IntRange(min = 1, max = 254) int vcpus) {
        Set<Integer> ids = new HashSet<>();
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            List<CpuidEntry> entries = GuestCpuid.of(ON_EPYC, vcpu, vcpus, EPYC);
            assertThat(find(entries, 1, 0).ebx() >>> 24).isEqualTo(vcpu);
            for (int index = 0; index < 3; index++) {
                assertThat(find(entries, 0xB, index).edx()).isEqualTo(vcpu);
            }
            ids.add(vcpu >>> find(entries, 0xB, 0).eax());
            assertThat(vcpu >>> find(entries, 0xB, 1).eax()).as("one socket").isZero();
        }
        assertThat(ids).as("a core for each").hasSize(vcpus);
    }

    @Property
    void countsAgree(@ForAll @IntRange(min = 1, max = 254) int vcpus) {
        List<CpuidEntry> entries = GuestCpuid.of(ON_EPYC, vcpus - 1, vcpus, EPYC);
        int ids = find(entries, 1, 0).ebx() >> 16 & 0xFF;
        int idBits = find(entries, 0x8000_0008, 0).ecx() >> 12;
        assertThat(ids).as("of 256, a byte holds none").isEqualTo(1 << idBits & 0xFF);
        assertThat(1 << idBits).isBetween(vcpus, 2 * vcpus - 1);
        assertThat(find(entries, 0x8000_0008, 0).ecx() & 0xFF).isEqualTo(vcpus - 1);
        assertThat(find(entries, 0xB, 1).ebx()).isEqualTo(vcpus);
        assertThat(find(entries, 0xB, 1).eax()).isEqualTo(idBits);
        assertThat((find(entries, 1, 0).edx() & 1 << 28) != 0).as("HTT").isEqualTo(vcpus > 1);
        assertThat((find(entries, 0x8000_0001, 0).ecx() & 2) != 0).as("CmpLegacy").isEqualTo(vcpus > 1);
        assertThat(find(entries, 0x8000_001D, 0).eax() >> 14).as("level 1 is not shared").isZero();
        assertThat(find(entries, 0x8000_001D, 3).eax() >> 14).as("level 3 is").isEqualTo((1 << idBits) - 1);
    }

    @Property(tries = 300)
    void whatDoesNotDependOnTheMachineIsKept(@ForAll("lists") List<CpuidEntry> supported,
            @ForAll @IntRange(min = 1, max = 64) int vcpus) {
        List<CpuidEntry> entries = GuestCpuid.of(supported, vcpus / 2, vcpus, EPYC);
        Set<Integer> ours = Set.of(0, 1, 4, 0xA, 0xB, 0x1F, 0x8000_0000, 0x8000_0001, 0x8000_0002, 0x8000_0003,
                0x8000_0004,
                0x8000_0008, 0x8000_001D, 0x8000_001E, 0x8000_0022, 0x8000_0026);
        for (CpuidEntry entry : supported) {
            if (!ours.contains(entry.function())) {
                assertThat(entries).contains(entry);
            }
            if (entry.function() == 0xA) {
                assertThat(entries).contains(new CpuidEntry(0xA, entry.index(), entry.flags(), 0, 0, 0, 0));
            }
        }
        assertThat(GuestCpuid.of(entries, vcpus / 2, vcpus, EPYC)).containsExactlyInAnyOrderElementsOf(entries);
    }

    @Provide
    Arbitrary<List<CpuidEntry>> lists() {
        Arbitrary<Integer> registers = Arbitraries.integers();
        Arbitrary<Integer> functions = Arbitraries.oneOf(Arbitraries.integers().between(0, 0x20),
                Arbitraries.integers().between(0x8000_0000, 0x8000_0028), Arbitraries.of(0x4000_0000, 0x4000_0001));
        return Combinators
                .combine(functions, Arbitraries.integers().between(0, 4), registers, registers, registers, registers)
                .as((function, index, eax, ebx, ecx, edx) -> new CpuidEntry(function, index, 1, eax, ebx, ecx, edx))
                .list()
                .ofMaxSize(40).uniqueElements(entry -> List.of(entry.function(), entry.index()));
    }

    @Test
    void guestsSeeAHypervisorAndItsLeaves() {
        List<CpuidEntry> entries = GuestCpuid.of(ON_EPYC, 0, 1, EPYC);
        assertThat(find(entries, 1, 0).ecx() >>> 31).isEqualTo(1);
        assertThat(find(entries, 0x4000_0000, 0)).isEqualTo(find(ON_EPYC, 0x4000_0000, 0));
        assertThat(find(entries, 0x4000_0001, 0)).isEqualTo(find(ON_EPYC, 0x4000_0001, 0));
    }

    @Test
    void deadlineTimerIsAsTheMachineHasIt() {
        assertThat(find(GuestCpuid.of(UNDER_TCG, 0, 1, EPYC), 1, 0).ecx() & 1 << 24).isNotZero();
        assertThat(find(GuestCpuid.of(ON_EPYC, 0, 1, new CpuidOptions(false, "")), 1, 0).ecx() & 1 << 24).isZero();
    }

    @Test
    void guestsShowTheHostsModel() {
        assertThat(model(EPYC)).isEqualTo("AMD EPYC");
        assertThat(model(new CpuidOptions(true, "x".repeat(60)))).isEqualTo("x".repeat(47));
        assertThat(model(new CpuidOptions(true, ""))).isEmpty();
    }

    private static String model(CpuidOptions options) {
        ByteBuffer text = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        for (int function = 0x8000_0002; function <= 0x8000_0004; function++) {
            CpuidEntry entry = find(GuestCpuid.of(ON_EPYC, 0, 1, options), function, 0);
            text.putInt(entry.eax()).putInt(entry.ebx()).putInt(entry.ecx()).putInt(entry.edx());
        }
        return new String(text.array(), StandardCharsets.US_ASCII).replace("\0", "");
    }

    @Test
    void extendedStateIsHiddenWhereQemuEmulatesTheHost() {
        List<CpuidEntry> entries = GuestCpuid.of(UNDER_TCG, 0, 1, TCG);
        assertThat(find(UNDER_TCG, 1, 0).ecx() & 0x3400_1000).isNotZero();
        assertThat(find(entries, 1, 0).ecx() & 0x3C00_1000).isZero();
        assertThat(find(entries, 7, 0).ebx() & 1 << 5).as("AVX2").isZero();
        assertThat(find(entries, 7, 0).ecx() & 1 << 3).as("PKU").isZero();
        assertThat(find(entries, 7, 0).ebx() & 1 << 7).as("SMEP stays").isNotZero();
        assertThat(entries.stream().filter(entry -> entry.function() == 0xD))
                .allMatch(entry -> (entry.eax() | entry.ebx() | entry.ecx() | entry.edx()) == 0).isNotEmpty();

        assertThat(find(GuestCpuid.of(UNDER_TCG, 0, 1, EPYC), 0xD, 0)).isEqualTo(find(UNDER_TCG, 0xD, 0));
    }

    @Test
    void performanceCountersAreHidden() {
        CpuidEntry counters = new CpuidEntry(0xA, 0, 0, 0x0730_0404, 0, 0, 0x603);
        List<CpuidEntry> supported = new ArrayList<>(ON_EPYC);
        supported.add(counters);
        assertThat(find(GuestCpuid.of(supported, 0, 1, EPYC), 0xA, 0).eax()).isZero();
        assertThat(find(GuestCpuid.of(ON_EPYC, 0, 1, EPYC), 0x8000_0001, 0).ecx() & 1 << 23).isZero();
    }

    @Test
    void intelCachesSayHowManyCoresThereAre() {
        List<CpuidEntry> intel = List.of(new CpuidEntry(0, 0, 0, 0x16, 0x756E_6547, 0x6C65_746E, 0x4965_6E69),
                new CpuidEntry(4, 0, 1, 0xFC00_4121, 0, 0, 0), new CpuidEntry(4, 3, 1, 0xFC1F_C163, 0, 0, 0),
                new CpuidEntry(4, 4, 1, 0, 0, 0, 0), new CpuidEntry(0x1F, 0, 1, 1, 2, 0x100, 9),
                new CpuidEntry(0x8000_0008, 0, 0, 0x3027, 0, 0, 0));
        List<CpuidEntry> entries = GuestCpuid.of(intel, 2, 3, new CpuidOptions(true, "Xeon"));
        assertThat(find(entries, 4, 0).eax()).isEqualTo(3 << 26 | 0x121);
        assertThat(find(entries, 4, 3).eax()).isEqualTo(3 << 26 | 3 << 14 | 0x163);
        assertThat(find(entries, 4, 4).eax()).isZero();
        assertThat(find(entries, 0x1F, 1)).isEqualTo(new CpuidEntry(0x1F, 1, 1, 2, 3, 0x201, 2));
        assertThat(find(entries, 0x8000_0008, 0).ecx()).isZero();
    }

    @Test
    void leavesThatWereAddedAreWithinTheHighest() {
        List<CpuidEntry> small = List.of(new CpuidEntry(0, 0, 0, 7, 0, 0, 0),
                new CpuidEntry(0x8000_0000, 0, 0, 0x8000_0001, 0, 0, 0));
        List<CpuidEntry> entries = GuestCpuid.of(small, 0, 1, EPYC);
        assertThat(find(entries, 0, 0).eax()).isEqualTo(0xB);
        assertThat(find(entries, 0x8000_0000, 0).eax()).isEqualTo(0x8000_0004);
    }

    @Test
    void vcpusThatTheMachineDoesNotHaveAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> GuestCpuid.of(ON_EPYC, 2, 2, EPYC))
                .withMessage("vcpu : 2 of 2 (expected: of 1 to 254)");
        assertThatIllegalArgumentException().isThrownBy(() -> GuestCpuid.of(ON_EPYC, 0, 255, EPYC));
    }

    @Test
    void modelNameIsFoundInCpuinfo() {
        assertThat(HostModel.in("processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD EPYC: one\nstepping\t: 1\n"))
                .isEqualTo("AMD EPYC: one");
        assertThat(HostModel.in("processor\t: 0\n")).isEmpty();
    }

    private static CpuidEntry find(List<CpuidEntry> entries, int function, int index) {
        List<CpuidEntry> found = entries.stream().filter(e -> e.function() == function && e.index() == index).toList();
        assertThat(found).as("leaf 0x%x, %d", function, index).hasSize(1);
        return found.getFirst();
    }

    static List<CpuidEntry> list(String resource) {
        try (InputStream in = Objects.requireNonNull(GuestCpuidTest.class.getResourceAsStream(resource))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> Arrays.stream(line.split(" ")).mapToInt(word -> Integer.parseUnsignedInt(word, 16))
                            .toArray())
                    .map(w -> new CpuidEntry(w[0], w[1], w[2], w[3], w[4], w[5], w[6])).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
