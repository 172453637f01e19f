package io.drover.vmm.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/** The ELF note in which a kernel says that it can be entered by PVH, and where (XEN_ELFNOTE_PHYS32_ENTRY in xen/elfnote.h). */
final class PvhNote {
    private static final int PHYS32_ENTRY = 18;
    /** The owner "Xen" with its NUL, in little endian. */
    private static final int OWNER = 0x006E_6558;
    private static final int OWNER_BYTES = 4;
    private static final int HEADER_BYTES = 12;

    private PvhNote() {}

    /**
     * Looks through a sequence of notes. Each turn moves on by a header's length at least, so that it ends whatever they hold.
     *
     * @return the physical address of the 32-bit entry
     */
    static OptionalLong entryIn(ByteBuffer notes) {
        ByteBuffer bytes = notes.slice().order(ByteOrder.LITTLE_ENDIAN);
        long at = 0;
        while (at + HEADER_BYTES <= bytes.limit()) {
            long ownerBytes = bytes.getInt((int) at) & 0xFFFF_FFFFL;
            long valueBytes = bytes.getInt((int) at + 4) & 0xFFFF_FFFFL;
            int type = bytes.getInt((int) at + 8);
            long value = at + HEADER_BYTES + aligned(ownerBytes);
            if (value + valueBytes > bytes.limit()) {
                return OptionalLong.empty();
            }
            if (type == PHYS32_ENTRY && ownerBytes == OWNER_BYTES && bytes.getInt((int) at + HEADER_BYTES) == OWNER
                    && valueBytes >= 4) {
                return OptionalLong.of(bytes.getInt((int) value) & 0xFFFF_FFFFL);
            }
            at = value + aligned(valueBytes);
        }
        return OptionalLong.empty();
    }

    private static long aligned(long bytes) {
        return (bytes + 3) & ~3L;
    }
}
