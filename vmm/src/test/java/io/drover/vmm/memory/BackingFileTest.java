package io.drover.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BackingFileTest {
    private static final int PAGE = 4096;
    private static final int LOW_PAGES = 8;
    private static final int PAGES = 24;
    private static final byte USED = 0x5A;

    /** RAM of which every page is used, 8 pages below the hole and 16 above. */
    private static final class Ram implements AutoCloseable {
        final Arena arena = Arena.ofConfined();
        final MemorySegment bytes;
        final BackingFile backing;

        Ram() throws SystemCallException {
            FileHandle file = FileHandle.memory("test", (long) PAGES * PAGE);
            bytes = file.map((long) PAGES * PAGE, arena);
            bytes.fill(USED);
            backing = new BackingFile(file, GuestMemory.split(bytes, LOW_PAGES * PAGE));
        }

        /** A letter for each page: used, or empty. */
        String pages() {
            StringBuilder pages = new StringBuilder();
            for (long page = 0; page < PAGES; page++) {
                boolean used = bytes.get(ValueLayout.JAVA_BYTE, page * PAGE) == USED;
                assertThat(bytes.get(ValueLayout.JAVA_BYTE, page * PAGE + PAGE - 1)).isEqualTo(used ? USED : (byte) 0);
                pages.append(used ? 'u' : '-');
            }
            return pages.toString();
        }

        @Override
        public void close() {
            backing.close();
            arena.close();
        }
    }

    @Test
    void pagesGoBackToTheHostAndReadAsZero() throws Exception {
        try (Ram ram = new Ram()) {
            assertThat(ram.backing.residentBytes()).isEqualTo(PAGES * PAGE);

            assertThat(ram.backing.giveBack(2 * PAGE, 3 * PAGE)).isEqualTo(3 * PAGE);
            assertThat(ram.backing.giveBack(GuestMemory.HIGH_RAM_BASE + PAGE, PAGE)).isEqualTo(PAGE);

            assertThat(ram.backing.residentBytes()).isEqualTo((PAGES - 4) * PAGE);
            assertThat(ram.pages()).isEqualTo("uu---uuu" + "u-uuuuuuuuuuuuuu");
        }
    }

    @Test
    void pageThatIsTouchedIsThereAgain() throws Exception {
        try (Ram ram = new Ram()) {
            ram.backing.giveBack(0, PAGE);
            ram.bytes.set(ValueLayout.JAVA_BYTE, 5, USED);
            assertThat(ram.backing.residentBytes()).isEqualTo(PAGES * PAGE);
        }
    }

    @Test
    void onlyWholePagesAreTaken() throws Exception {
        try (Ram ram = new Ram()) {
            assertThat(ram.backing.giveBack(1, 2 * PAGE)).isEqualTo(PAGE);
            assertThat(ram.backing.giveBack(4 * PAGE + 1, PAGE)).isZero();
            assertThat(ram.pages()).isEqualTo("u-uuuuuu" + "u".repeat(16));
        }
    }

    @Test
    void whatIsNoRamIsLeftAlone() throws Exception {
        try (Ram ram = new Ram()) {
            assertThat(ram.backing.giveBack(LOW_PAGES * PAGE, 3 * PAGE)).as("in the hole").isZero();
            assertThat(ram.backing.giveBack(-PAGE, 2 * PAGE)).as("wraps around").isZero();
            assertThat(ram.backing.giveBack(0, -1)).isZero();
            assertThat(ram.backing.giveBack(0, 0)).isZero();
            assertThat(ram.pages()).isEqualTo("u".repeat(PAGES));
            assertThat(ram.backing.giveBack(7 * PAGE, Long.MAX_VALUE)).as("across the hole and beyond")
                    .isEqualTo(17 * PAGE);
            assertThat(ram.pages()).isEqualTo("uuuuuuu-" + "-".repeat(16));
        }
    }

    @Test
    void closedFileIsAnErrorThatNamesTheRange() throws Exception {
        try (Ram ram = new Ram()) {
            ram.backing.close();
            assertThatIOException().isThrownBy(() -> ram.backing.giveBack(PAGE, PAGE))
                    .withMessageContaining("4096 bytes at 4096").withMessageContaining("EBADF");
        }
    }

    @Property(tries = 300)
    void exactlyTheWholePagesOfARangeAreTaken(@ForAll @LongRange(min = -2, max = PAGES + 2) long page,
            @ForAll @LongRange(min = 0, max = PAGE) long within, @ForAll @LongRange(max = 30L * PAGE) long length,
            @ForAll boolean high) throws Exception {
        try (Ram ram = new Ram()) {
            long address = (high ? GuestMemory.HIGH_RAM_BASE : 0) + page * PAGE + within;
            long taken = ram.backing.giveBack(address, length);
            StringBuilder expected = new StringBuilder();
            for (int each = 0; each < PAGES; each++) {
                long at = each < LOW_PAGES ? (long) each * PAGE
                        : GuestMemory.HIGH_RAM_BASE + (long) (each - LOW_PAGES) * PAGE;
                expected.append(address >= 0 && at >= address && at + PAGE <= address + length ? '-' : 'u');
            }
            assertThat(ram.pages()).isEqualTo(expected.toString());
            assertThat(taken).isEqualTo(expected.chars().filter(each -> each == '-').count() * PAGE);
        }
    }
}
