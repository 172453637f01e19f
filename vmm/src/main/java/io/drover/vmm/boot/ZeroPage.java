package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** The boot parameters of the Linux protocol (Documentation/arch/x86/zero-page.rst): the kernel's own header, filled in. */
final class ZeroPage {
    private static final int PAGE_BYTES = 4096;
    private static final int ACPI_RSDP = 0x070;
    private static final int E820_ENTRIES = 0x1E8;
    private static final int TYPE_OF_LOADER = 0x210;
    private static final int RAMDISK_IMAGE = 0x218;
    private static final int RAMDISK_SIZE = 0x21C;
    private static final int COMMAND_LINE_POINTER = 0x228;
    private static final int E820_TABLE = 0x2D0;
    /** "None of the registered ones." */
    private static final byte UNKNOWN_LOADER = (byte) 0xFF;

    private ZeroPage() {}

    /**
     * Writes it where {@link BootLayout} says.
     *
     * @param prefix
     *            the bzImage's first bytes
     */
    static void write(GuestMemory memory, ByteBuffer prefix, long commandLine, Optional<Initramfs> initramfs, long rsdp)
            throws GuestAddressException {
        ByteBuffer page = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        page.put(SetupHeader.OFFSET, prefix, SetupHeader.OFFSET, SetupHeader.end(prefix) - SetupHeader.OFFSET);
        page.putLong(ACPI_RSDP, rsdp);
        page.put(TYPE_OF_LOADER, UNKNOWN_LOADER);
        page.putInt(COMMAND_LINE_POINTER, (int) commandLine);
        if (initramfs.isPresent()) {
            page.putInt(RAMDISK_IMAGE, (int) initramfs.get().address());
            page.putInt(RAMDISK_SIZE, (int) initramfs.get().length());
        }
        List<MemoryMap.Entry> map = MemoryMap.of(memory);
        page.put(E820_ENTRIES, (byte) map.size());
        page.position(E820_TABLE);
        for (MemoryMap.Entry entry : map) {
            page.putLong(entry.address()).putLong(entry.length()).putInt(entry.type());
        }
        memory.copyIn(BootLayout.ZERO_PAGE, page.array());
    }
}
