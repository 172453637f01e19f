package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Maps the first 4 GiB to themselves in 2 MiB pages: all that a loader of ours ever touches. Six pages of tables. */
final class PageTables {
    private static final int PAGE = 4096;
    private static final int ENTRIES = 512;
    private static final int GIBIBYTES = 4;
    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE = 1 << 7;

    private PageTables() {}

    static void write(GuestMemory memory) throws GuestAddressException {
        // Filled on the heap and copied once: a checked write for each entry costs milliseconds while the code is cold.
        ByteBuffer tables = ByteBuffer.allocate((2 + GIBIBYTES) * PAGE).order(ByteOrder.LITTLE_ENDIAN);
        tables.putLong(0, (BootLayout.PAGE_TABLES + PAGE) | PRESENT_WRITABLE);
        for (int gibibyte = 0; gibibyte < GIBIBYTES; gibibyte++) {
            tables.putLong(PAGE + 8 * gibibyte, (BootLayout.PAGE_TABLES + (2L + gibibyte) * PAGE) | PRESENT_WRITABLE);
        }
        tables.position(2 * PAGE);
        for (long page = 0; page < GIBIBYTES * ENTRIES; page++) {
            tables.putLong((page << 21) | LARGE | PRESENT_WRITABLE);
        }
        memory.copyIn(BootLayout.PAGE_TABLES, tables.array());
    }
}
