package io.drover.vmm.acpi;

import io.drover.vmm.pci.PciWindows;

/** The table of where PCI configuration space is in memory (PCI Firmware 3.3, 4.1.2). */
final class Mcfg {
    private static final int REVISION = 1;
    private static final int RESERVED_BYTES = 8;
    private static final int ALLOCATION_BYTES = 16;

    private Mcfg() {}

    static byte[] create() {
        AcpiTable table = new AcpiTable("MCFG", REVISION, AcpiTable.HEADER_BYTES + RESERVED_BYTES + ALLOCATION_BYTES);
        // Segment 0, from bus 0 to bus 0.
        table.bytes().putLong(0).putLong(PciWindows.ECAM_BASE).putShort((short) 0).put((byte) 0).put((byte) 0);
        return table.finish();
    }
}
