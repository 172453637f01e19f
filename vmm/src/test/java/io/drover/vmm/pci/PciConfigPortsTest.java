package io.drover.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.IoBus;
import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.power.RecordedPower;
import io.drover.vmm.power.ResetRegister;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PciConfigPortsTest {
    private final RecordedPower power = new RecordedPower();
    private final PciConfigPorts ports = new PciConfigPorts(new PciBus(), new ResetRegister(power));
    private final IoBus bus = new IoBus();

    @BeforeEach
    void register() {
        bus.register(PciConfigPorts.PORT, PciConfigPorts.PORTS, "PCI", ports);
    }

    @Test
    void linuxFindsMechanismOne() {
        // arch/x86/pci/direct.c, pci_check_type1 and pci_sanity_check.
        bus.write(0xCFB, 1, 0x01);
        bus.write(0xCF8, 4, 0x8000_0000L);
        assertThat(bus.read(0xCF8, 4)).isEqualTo(0x8000_0000L);
        bus.write(0xCF8, 4, 0x8000_0008L);
        assertThat(bus.read(0xCFE, 2)).as("class of a host bridge").isEqualTo(0x0600);
    }

    @Test
    void hostBridgeIsAloneOnTheBus() {
        for (int function = 0; function < 1 << 16; function++) {
            bus.write(0xCF8, 4, 0x8000_0000L | (long) function << 8);
            assertThat(bus.read(0xCFC, 4)).isEqualTo(function == 0 ? 0x0008_1B36L : 0xFFFF_FFFFL);
        }
    }

    @Test
    void everyByteOfTheWindowCanBeReadAlone() {
        bus.write(0xCF8, 4, 0x8000_0000L);
        assertThat(new long[] {bus.read(0xCFC, 1), bus.read(0xCFD, 1), bus.read(0xCFE, 1), bus.read(0xCFF, 1)})
                .containsExactly(0x36, 0x1B, 0x08, 0x00);
        bus.write(0xCF8, 4, 0x8000_00FCL);
        assertThat(bus.read(0xCFF, 4)).as("cut off at the last port").isEqualTo(0xFFFF_FF00L);
    }

    @Test
    void windowIsClosedUnlessEnabled() {
        bus.write(0xCF8, 4, 0);
        assertThat(bus.read(0xCFC, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void hostBridgeCannotBeWritten() {
        bus.write(0xCF8, 4, 0x8000_0004L);
        bus.write(0xCFC, 4, -1L);
        assertThat(bus.read(0xCFC, 4)).isZero();
    }

    @Test
    void resetRegisterIsAByteAmongTheAddress() {
        bus.write(0xCF8, 4, 0x8000_0600L);
        bus.write(0xCF9, 2, 0x0606);
        assertThat(power.requests()).isEmpty();
        bus.write(0xCF9, 1, 2);
        assertThat(bus.read(0xCF9, 1)).isEqualTo(2);
        assertThat(bus.read(0xCF8, 4)).isEqualTo(0x8000_0600L);
        bus.write(0xCF9, 1, 6);
        assertThat(power.requests()).containsExactly("reset");
    }

    @Property(tries = 200)
    void anyAccessIsAnswered(@ForAll long seed) {
        PciConfigPorts any = new PciConfigPorts(new PciBus(), new ResetRegister(power));
        RandomAccesses.to(any, PciConfigPorts.PORTS, seed);
        any.write(0, 4, 0x8000_0000L);
        assertThat(any.read(4, 4) & 0xFFFF_FFFFL).isEqualTo(0x0008_1B36L);
    }
}
