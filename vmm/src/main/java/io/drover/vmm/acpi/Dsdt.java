package io.drover.vmm.acpi;

import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.power.AcpiPowerManagement;
import io.drover.vmm.pvpanic.Pvpanic;
import io.drover.vmm.rtc.CmosRtc;
import io.drover.vmm.serial.Uart16550;
import java.util.Optional;

/**
 * The differentiated system description table: the devices that cannot be found otherwise, and how to switch off. The PCI bus is
 * in it only when there is something on the bus, and the generation id when there is one.
 */
final class Dsdt {
    /** From 2 on, integers have 64 bits. */
    private static final int REVISION = 2;

    private Dsdt() {}

    static byte[] create(Optional<PciWindows> pci, boolean hotPlug, boolean generationId) {
        byte[] devices = Aml.scope("\\_SB",
                Aml.device("COM1", Aml.name("_HID", Aml.eisaId("PNP0501")), Aml.name("_UID", Aml.integer(1)),
                        Aml.name("_CRS", Aml.resources(Aml.ports(Uart16550.COM1_PORT, Uart16550.PORTS),
                                Aml.interrupt(Uart16550.COM1_IRQ)))),
                Aml.device("RTC", Aml.name("_HID", Aml.eisaId("PNP0B00")),
                        Aml.name("_CRS",
                                Aml.resources(Aml.ports(CmosRtc.PORT, CmosRtc.PORTS), Aml.interrupt(CmosRtc.IRQ)))),
                Aml.device("PEVT", Aml.name("_HID", Aml.string("QEMU0001")),
                        Aml.name("_CRS", Aml.resources(Aml.ports(Pvpanic.PORT, Pvpanic.PORTS)))),
                pci.isPresent() ? PciBridge.aml(pci.get(), hotPlug) : new byte[0],
                generationId ? GenerationCounter.aml() : new byte[0]);
        byte[] sleepType = Aml.integer(AcpiPowerManagement.SLEEP_TYPE_S5);
        byte[] s5 = Aml.name("\\_S5", Aml.list(sleepType, sleepType, Aml.integer(0), Aml.integer(0)));
        byte[] events = pci.isPresent() && hotPlug ? HotPlugSlots.eventAml() : new byte[0];
        AcpiTable table = new AcpiTable("DSDT", REVISION,
                AcpiTable.HEADER_BYTES + devices.length + s5.length + events.length);
        table.bytes().put(devices).put(s5).put(events);
        return table.finish();
    }
}
