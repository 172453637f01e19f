package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** What a PVH kernel is handed: hvm_start_info version 1 with its modules and memory map (xen, hvm/start_info.h). */
final class PvhStartInfo {
    private static final int MAGIC = 0x336E_C578;
    private static final int VERSION = 1;
    private static final int START_INFO_BYTES = 56;
    private static final int MODULE_BYTES = 32;
    private static final int MEMORY_MAP_ENTRY_BYTES = 24;

    private PvhStartInfo() {}

    static void write(GuestMemory memory, long commandLine, Optional<Initramfs> initramfs, long rsdp)
            throws GuestAddressException {
        List<MemoryMap.Entry> map = MemoryMap.of(memory);
        ByteBuffer info = ByteBuffer.allocate(START_INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(MAGIC).putInt(VERSION).putInt(0).putInt(initramfs.isPresent() ? 1 : 0);
        info.putLong(initramfs.isPresent() ? BootLayout.PVH_MODULES : 0).putLong(commandLine).putLong(rsdp);
        info.putLong(BootLayout.PVH_MEMORY_MAP).putInt(map.size()).putInt(0);
        memory.copyIn(BootLayout.PVH_START_INFO, info.array());

        if (initramfs.isPresent()) {
            ByteBuffer module = ByteBuffer.allocate(MODULE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            module.putLong(initramfs.get().address()).putLong(initramfs.get().length());
            memory.copyIn(BootLayout.PVH_MODULES, module.array());
        }
        ByteBuffer entries = ByteBuffer.allocate(map.size() * MEMORY_MAP_ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (MemoryMap.Entry entry : map) {
            entries.putLong(entry.address()).putLong(entry.length()).putInt(entry.type()).putInt(0);
        }
        memory.copyIn(BootLayout.PVH_MEMORY_MAP, entries.array());
    }
}
