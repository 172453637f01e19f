package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * Puts a bzImage's protected-mode part into the guest, which unpacks itself there.
 *
 * <p>
 * Unpacking the kernel here instead was built and measured (docs/performance.md): it takes as long as in the guest, and costs the
 * guest its address space randomization.
 */
final class BzImage {
    /** The 64-bit entry, from the start of the protected-mode part (boot.rst, "64-bit Boot Protocol"). */
    private static final int ENTRY_64 = 0x200;

    /**
     * A kernel in place.
     *
     * @param entry
     *            64-bit
     * @param end
     *            the address behind all memory that it needs to start
     */
    record Placed(long entry, long end) {}

    private BzImage() {}

    /**
     * Reads it straight into the guest.
     *
     * @param name
     *            for messages, as "kernel /boot/vmlinuz"
     */
    static Placed place(GuestMemory memory, FileChannel file, SetupHeader header, String name)
            throws BootException, IOException, GuestAddressException {
        long address = BootLayout.KERNEL_FLOOR;
        // Where it will move itself (boot.rst, "Kernel runtime start address").
        long runtime = header.preferredAddress();
        if (header.relocatable()) {
            runtime = Math.max((address + header.alignment() - 1) & -header.alignment(), runtime);
        }
        long end = Math.max(runtime + header.initBytes(), address + header.protectedModeBytes());
        long ramEnd = memory.regions().get(0).end();
        if (end > ramEnd) {
            throw new BootException(
                    name + " : needs memory up to 0x" + Long.toHexString(end) + " to start (expected: at most 0x"
                            + Long.toHexString(ramEnd) + ", where memory ends: give the machine more memory)");
        }
        memory.readFrom(file, header.protectedModeOffset(), address, header.protectedModeBytes());
        return new Placed(address + ENTRY_64, end);
    }
}
