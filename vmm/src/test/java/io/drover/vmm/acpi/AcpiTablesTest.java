package io.drover.vmm.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciWindows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class AcpiTablesTest {
    private static final Path IASL = Path.of("/usr/bin/iasl");
    private static final Optional<PciWindows> PCI = Optional.of(new PciWindows(0x20_0000_0000L));

    @TempDir
    private Path folder;

    private final GuestMemory memory = GuestMemory.of(Arena.ofAuto().allocate(2 << 20));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 64, 254})
    void everyTableIsFoundFromTheRootAndSumsToZero(int vcpus) throws GuestAddressException {
        assertThat(tables(vcpus, Optional.empty(), false).keySet()).containsExactly("XSDT", "FACP", "APIC", "DSDT",
                "FACS");
        assertThat(tables(vcpus, PCI, false).keySet()).containsExactly("XSDT", "FACP", "APIC", "MCFG", "DSDT", "FACS");
    }

    @Test
    void everyVcpuHasALocalApic() throws GuestAddressException {
        byte[] madt = tables(3, Optional.empty(), false).get("APIC");
        assertThat(madt[36 + 8 + 2 * 8]).isZero();
        assertThat(madt[36 + 8 + 2 * 8 + 3]).isEqualTo((byte) 2);
        assertThat(madt[36 + 8 + 3 * 8]).as("then the IOAPIC").isEqualTo((byte) 1);
    }

    @Test
    void slotsOfHotPlugAreObjectsThatCanBeTold() throws Exception {
        String dsdt = disassembled(tables(1, PCI, true));
        assertThat(dsdt)
                .contains("OperationRegion (PREG, SystemIO, 0xAE00, 0x0C)", "Field (PREG, DWordAcc, NoLock, Preserve)")
                .containsSubsequence("Device (S01)", "Name (_ADR, 0x00010000)", "Name (_SUN, One)",
                        "Method (_EJ0, 1, NotSerialized)", "PEJ = 0x02", "Device (S1F)", "PEJ = 0x80000000")
                .containsSubsequence("Method (PHPE, 0, NotSerialized)", "Local0 = PASK", "If ((Local0 & 0x02))",
                        "Notify (S01, 0x03)", "Local0 = PINS", "Notify (S1F, One)")
                .containsSubsequence("Scope (\\_GPE)", "Method (_E01, 0, NotSerialized)", "\\_SB.PCI0.PHPE ()");
        assertThat(Files.readString(folder.resolve("FACP.dsl"))).contains("GPE0 Block Address : 00000610",
                "GPE0 Block Length : 04");
    }

    @Test
    void machineWithoutHotPlugHasNothingOfIt() throws Exception {
        assertThat(disassembled(tables(1, PCI, false))).doesNotContain("_EJ0", "_GPE", "OperationRegion");
        assertThat(Files.readString(folder.resolve("FACP.dsl"))).contains("GPE0 Block Address : 00000000");
    }

    @Test
    void iaslHasNoComplaint() throws Exception {
        assertThat(disassembled(tables(4, PCI, false))).contains("EisaId (\"PNP0501\")", "EisaId (\"PNP0B00\")",
                "\"QEMU0001\"", "EisaId (\"PNP0A08\")", "EisaId (\"PNP0C02\")", "0x0000002000000000, // Range Minimum",
                "0xC0000000,         // Range Minimum", "Name (\\_S5, Package (0x04)", "IRQNoFlags ()",
                "\"VM_Gen_Counter\"", "0x000FF000,", "\"ACPI0013\"",
                "Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive", "Method (_EVT, 1, ", "Notify (VGEN, 0x80)");
    }

    /** The DSDT's source, after all tables have been taken apart and put together again without a complaint. */
    private String disassembled(Map<String, byte[]> tables) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(IASL), IASL + " is missing: install acpica-tools");
        for (Map.Entry<String, byte[]> table : tables.entrySet()) {
            Path file = Files.write(folder.resolve(table.getKey() + ".dat"), table.getValue());
            String disassembled = run("-d", file.toString());
            Path source = folder.resolve(table.getKey() + ".dsl");
            assertThat(source).as(disassembled).exists();
            assertThat(Files.readString(source)).doesNotContain("Invalid", "Incorrect checksum", "Unknown");
            if (!table.getKey().equals("FACS")) {
                assertThat(run("-ve", "-p", folder.resolve("again").toString(), source.toString())).contains("0 Errors")
                        .contains("0 Warnings");
            }
        }
        return Files.readString(folder.resolve("DSDT.dsl"));
    }

    @Test
    void tooManyVcpusAndTooLittleMemoryAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AcpiTables.write(memory, 0, Optional.empty(), false, false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AcpiTables.write(memory, 255, Optional.empty(), false, false))
                .withMessageContaining("255");
        GuestMemory small = GuestMemory.of(Arena.ofAuto().allocate(0xF_0000));
        assertThatExceptionOfType(GuestAddressException.class)
                .isThrownBy(() -> AcpiTables.write(small, 1, Optional.empty(), false, false));
    }

    /** Walks from the root, as a kernel does. */
    private Map<String, byte[]> tables(int vcpus, Optional<PciWindows> pci, boolean hotPlug)
            throws GuestAddressException {
        long rsdp = AcpiTables.write(memory, vcpus, pci, hotPlug, true);
        assertSumIsZero(bytes(rsdp, 20));
        assertSumIsZero(bytes(rsdp, 36));
        assertThat(new String(bytes(rsdp, 8), StandardCharsets.US_ASCII)).isEqualTo("RSD PTR ");
        Map<String, byte[]> tables = new LinkedHashMap<>();
        long xsdt = memory.read64(rsdp + 24);
        put(tables, xsdt);
        int entries = (memory.read32(xsdt + 4) - 36) / 8;
        for (int i = 0; i < entries; i++) {
            put(tables, memory.read64(xsdt + 36 + 8L * i));
        }
        long fadt = memory.read64(xsdt + 36);
        assertThat(memory.read64(fadt + 140)).isEqualTo(memory.read32(fadt + 40));
        put(tables, memory.read64(fadt + 140));
        long facs = memory.read32(fadt + 36);
        assertThat(facs % 64).isZero();
        tables.put("FACS", bytes(facs, memory.read32(facs + 4)));
        return tables;
    }

    private void put(Map<String, byte[]> tables, long address) throws GuestAddressException {
        byte[] table = bytes(address, memory.read32(address + 4));
        assertSumIsZero(table);
        assertThat(address).isBetween(0xE_0000L, 0x10_0000L - table.length);
        tables.put(new String(table, 0, 4, StandardCharsets.US_ASCII), table);
    }

    private byte[] bytes(long address, int length) throws GuestAddressException {
        byte[] bytes = new byte[length];
        memory.copyOut(address, bytes);
        return bytes;
    }

    private static void assertSumIsZero(byte[] table) {
        byte sum = 0;
        for (byte value : table) {
            sum += value;
        }
        assertThat(sum).isZero();
    }

    private String run(String... arguments) throws IOException, InterruptedException {
        ProcessBuilder command = new ProcessBuilder(arguments).redirectErrorStream(true);
        command.command().add(0, IASL.toString());
        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
