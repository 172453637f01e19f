package io.drover.vmm.acpi;

import io.drover.vmm.pci.PciConfigPorts;
import io.drover.vmm.pci.PciWindows;
import java.io.ByteArrayOutputStream;

/**
 * The PCI host bridge for the DSDT (ACPI 6.5, 6.2.13; PCI Firmware 3.3, 4): what it passes on to bus 0, where the slots'
 * interrupt pins lead, and beside it the addresses of configuration space, which belong to nobody else.
 */
final class PciBridge {
    private static final int PORTS = 0x1_0000;
    private static final int SLOTS = 32;
    /** Any function of the slot. */
    private static final int ANY_FUNCTION = 0xFFFF;
    private static final int PIN_A = 0;

    private PciBridge() {}

    static byte[] aml(PciWindows windows, boolean hotPlug) {
        int afterPorts = PciConfigPorts.PORT + PciConfigPorts.PORTS;
        ByteArrayOutputStream aml = new ByteArrayOutputStream();
        aml.writeBytes(Aml.device("PCI0", Aml.name("_HID", Aml.eisaId("PNP0A08")),
                Aml.name("_CID", Aml.eisaId("PNP0A03")), Aml.name("_UID", Aml.integer(0)),
                Aml.name("_SEG", Aml.integer(0)), Aml.name("_BBN", Aml.integer(0)),
                Aml.name("_CRS", Aml.resources(Aml.busWindow(0, 1),
                        Aml.ports(PciConfigPorts.PORT, PciConfigPorts.PORTS),
                        Aml.portWindow(0, PciConfigPorts.PORT), Aml.portWindow(afterPorts, PORTS - afterPorts),
                        Aml.memoryWindow32(PciWindows.LOW_BASE, PciWindows.LOW_BYTES),
                        Aml.memoryWindow64(windows.highBase(), PciWindows.HIGH_BYTES))),
                Aml.name("_PRT", routing()), hotPlug ? HotPlugSlots.aml() : new byte[0]));
        aml.writeBytes(Aml.device("ECAM", Aml.name("_HID", Aml.eisaId("PNP0C02")), Aml.name("_CRS",
                Aml.resources(Aml.memory(PciWindows.ECAM_BASE, PciWindows.ECAM_BYTES)))));
        return aml.toByteArray();
    }

    /** Pin A of each slot, straight to an input of the IOAPIC. */
    private static byte[] routing() {
        byte[][] entries = new byte[SLOTS - 1][];
        for (int slot = 1; slot < SLOTS; slot++) {
            entries[slot - 1] = Aml.list(Aml.integer((slot << 16) | ANY_FUNCTION), Aml.integer(PIN_A),
                    Aml.integer(0), Aml.integer(PciWindows.gsi(slot)));
        }
        return Aml.list(entries);
    }
}
