package io.drover.vmm.acpi;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciWindows;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** All tables of a machine, in the area below 1 MiB where a PC's firmware is, which the memory map reserves. */
public final class AcpiTables {
    /** Where the root pointer lies: at the start of the area in which kernels without a boot loader look for it. */
    public static final long RSDP_ADDRESS = 0xE_0000;
    /** APIC ids and processor ids are bytes, and 255 means all of them. */
    public static final int MAX_VCPUS = 254;

    private static final int AREA_END = 0x10_0000;
    private static final int RSDP_BYTES = 36;
    private static final int RSDP_REVISION = 2;
    /** The part of the root pointer that ACPI 1.0 had, with its own checksum. */
    private static final int RSDP_1_BYTES = 20;
    private static final int FACS_BYTES = 64;
    private static final int FACS_VERSION = 2;
    private static final int ALIGNMENT = 64;

    private final GuestMemory memory;
    private long next = RSDP_ADDRESS + ALIGNMENT;

    private AcpiTables(GuestMemory memory) {
        this.memory = memory;
    }

    /**
     * Writes the tables of a machine.
     *
     * @param vcpus
     *            1 to {@link #MAX_VCPUS}; their APIC ids count from 0
     * @param pci
     *            of a machine that has a PCI bus
     * @param hotPlug
     *            whether devices may come to that bus, and go
     * @param generationId
     *            whether there is a generation id
     * @return the address of the root pointer, for the boot loader
     * @throws GuestAddressException
     *             when there is less than 1 MiB of memory
     */
    public static long write(GuestMemory memory, int vcpus, Optional<PciWindows> pci, boolean hotPlug,
            boolean generationId)
            throws GuestAddressException {
        if (vcpus < 1 || vcpus > MAX_VCPUS) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: 1 to " + MAX_VCPUS + ")");
        }
        // Everything is copied in at the end, so the whole area must be there.
        memory.slice(RSDP_ADDRESS, AREA_END - RSDP_ADDRESS);
        new AcpiTables(memory).write(vcpus, pci, hotPlug, generationId);
        return RSDP_ADDRESS;
    }

    private void write(int vcpus, Optional<PciWindows> pci, boolean hotPlug, boolean generationId)
            throws GuestAddressException {
        int dsdt = (int) place(Dsdt.create(pci, hotPlug, generationId));
        int facs = (int) place(facs());
        long fadt = place(Fadt.of(facs, dsdt, hotPlug));
        long madt = place(Madt.of(vcpus));
        long root = pci.isPresent() ? place(xsdt(fadt, madt, place(Mcfg.create()))) : place(xsdt(fadt, madt));
        memory.copyIn(RSDP_ADDRESS, rsdp(root));
    }

    private long place(byte[] table) throws GuestAddressException {
        long address = next;
        memory.copyIn(address, table);
        next = (address + table.length + ALIGNMENT - 1) & -ALIGNMENT;
        return address;
    }

    private static byte[] xsdt(long... tables) {
        AcpiTable xsdt = new AcpiTable("XSDT", 1, AcpiTable.HEADER_BYTES + 8 * tables.length);
        for (long table : tables) {
            xsdt.bytes().putLong(table);
        }
        return xsdt.finish();
    }

    /** The firmware control structure has no common header and no checksum (ACPI 6.5, 5.2.10). */
    private static byte[] facs() {
        ByteBuffer bytes = ByteBuffer.allocate(FACS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(AcpiTable.ascii("FACS")).putInt(FACS_BYTES).put(32, (byte) FACS_VERSION);
        return bytes.array();
    }

    private static byte[] rsdp(long xsdt) {
        ByteBuffer bytes = ByteBuffer.allocate(RSDP_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(AcpiTable.ascii("RSD PTR ")).put((byte) 0).put(AcpiTable.ascii(AcpiTable.OEM));
        bytes.put((byte) RSDP_REVISION).putInt(0).putInt(RSDP_BYTES).putLong(xsdt);
        bytes.put(8, AcpiTable.checksum(bytes.array(), 0, RSDP_1_BYTES));
        bytes.put(32, AcpiTable.checksum(bytes.array(), 0, RSDP_BYTES));
        return bytes.array();
    }
}
