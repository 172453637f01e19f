package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import java.util.ArrayList;
import java.util.List;

/** The guest-physical address map that the kernel is told: as BIOS call E820 would, by ascending address. */
final class MemoryMap {
    static final int USABLE = 1;
    static final int RESERVED = 2;

    /** EBDA to the end of the BIOS: ACPI's tables lie here. */
    private static final long BIOS_END = 0x10_0000;
    /** From the IOAPIC over the local APICs to 4 GiB, where KVM keeps its own pages. */
    private static final long CHIPSET = 0xFEC0_0000L;

    record Entry(long address, long length, int type) {}

    private MemoryMap() {}

    static List<Entry> of(GuestMemory memory) {
        List<Entry> entries = new ArrayList<>();
        MemoryRegion low = memory.regions().get(0);
        add(entries, 0, Math.min(BootLayout.LOW_END, low.end()), USABLE);
        add(entries, BootLayout.LOW_END, BIOS_END, RESERVED);
        add(entries, BIOS_END, low.end(), USABLE);
        add(entries, CHIPSET, GuestMemory.HIGH_RAM_BASE, RESERVED);
        for (MemoryRegion high : memory.regions().subList(1, memory.regions().size())) {
            add(entries, high.address(), high.end(), USABLE);
        }
        return List.copyOf(entries);
    }

    private static void add(List<Entry> entries, long from, long to, int type) {
        if (to > from) {
            entries.add(new Entry(from, to - from, type));
        }
    }
}
