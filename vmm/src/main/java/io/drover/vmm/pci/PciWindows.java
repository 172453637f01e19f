package io.drover.vmm.pci;

import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;

/**
 * Where in the guest's address space PCI is, as the ACPI tables tell it: configuration space, and what BARs may be put into. The
 * same memory size always gives the same windows.
 *
 * @param highBase
 *            where the window behind all RAM begins, which a guest may move 64-bit BARs to
 */
public record PciWindows(long highBase) {
    /** In the hole below 4 GiB, behind the most RAM that is below it. The VMM itself puts BARs here. */
    public static final long LOW_BASE = GuestMemory.LOW_RAM_LIMIT;
    public static final long LOW_BYTES = 512L << 20;
    /** Configuration space, for bus 0 alone. */
    public static final long ECAM_BASE = LOW_BASE + LOW_BYTES;
    public static final long ECAM_BYTES = 1L << 20;
    public static final long HIGH_BYTES = 16L << 30;

    /** The GSIs that the slots' interrupt pins are wired to, in turn: the IOAPIC's pins behind ISA's. */
    public static final int FIRST_GSI = 16;
    public static final int GSIS = 8;

    /** Those of a machine with this memory. */
    public static PciWindows of(GuestMemory memory) {
        MemoryRegion last = memory.regions().getLast();
        long end = Math.max(last.end(), GuestMemory.HIGH_RAM_BASE);
        return new PciWindows((end + HIGH_BYTES - 1) & -HIGH_BYTES);
    }

    /** The GSI of a slot's pin A. */
    public static int gsi(int slot) {
        return FIRST_GSI + slot % GSIS;
    }
}
