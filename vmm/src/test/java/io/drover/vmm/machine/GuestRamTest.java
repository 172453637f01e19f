package io.drover.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.drover.vmm.log.Log;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class GuestRamTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");

    private final Log log = new Log(System.err, "test");

    @Test
    void memoryIsTakenEarlyOnlyWhenAsked() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            GuestRam plain = GuestRam.map(8 * MIB, MemorySettings.PLAIN, arena);
            assertThat(plain.prefault(() -> false, log)).isTrue();
            assertThat(plain.mapped().file().allocatedBytes()).isZero();
            plain.mapped().file().close();

            GuestRam early = GuestRam.map(8 * MIB, new MemorySettings(4096, true, List.of()), arena);
            assertThat(early.prefault(() -> false, log)).isTrue();
            assertThat(early.mapped().file().allocatedBytes()).isEqualTo(8 * MIB);
            assertThat(early.prefaultedBytes()).isEqualTo(8 * MIB);
            early.mapped().file().close();
        }
    }

    @Test
    void prefaultEndsSoonAfterItIsCancelled() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            GuestRam ram = GuestRam.map(256 * MIB, new MemorySettings(4096, true, List.of()), arena);
            AtomicInteger asked = new AtomicInteger();
            assertThat(ram.prefault(() -> asked.incrementAndGet() > 1, log)).isFalse();
            assertThat(ram.prefaultedBytes()).isEqualTo(64 * MIB);
            assertThat(ram.mapped().file().allocatedBytes()).isEqualTo(64 * MIB);
            ram.mapped().file().close();
        }
    }

    @Test
    void moreHugePagesThanAreFreeAreRefusedByName() throws IOException {
        assumeThat(HUGE_PAGES).as("huge pages in the kernel").exists();
        long pages = Long.parseLong(Files.readString(HUGE_PAGES).strip()) + 1;
        try (Arena arena = Arena.ofShared()) {
            assertThatThrownBy(() -> GuestRam.map(pages * 2 * MIB, new MemorySettings(2 * MIB, false, List.of()),
                    arena)).isInstanceOf(HostException.class)
                    .hasMessageContaining("huge pages : this host has not " + pages + " free pages of 2097152 bytes");
        }
    }

    @Test
    void nodeThatIsNotThereIsRefusedByName() {
        try (Arena arena = Arena.ofShared()) {
            assertThatThrownBy(
                    () -> GuestRam.map(8 * MIB, new MemorySettings(4096, false, List.of(1000)), arena))
                    .isInstanceOf(HostException.class).hasMessageContaining("NUMA nodes : [1000]");
        }
    }

    @Test
    void settingsThatNoHostHasAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MemorySettings(8192, false, List.of()))
                .withMessageContaining("page size : 8192");
        assertThatIllegalArgumentException().isThrownBy(() -> new MemorySettings(4096, false, List.of(1024)))
                .withMessageContaining("NUMA node : 1024");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MemorySettings(GIB, false, List.of()).check(512 * MIB))
                .withMessageContaining("whole pages of 1073741824");
    }

    @Test
    void hugePagesOfANodeAreTakenEarlyAsALackWouldEndTheProcess() {
        assertThat(new MemorySettings(2 * MIB, false, List.of(0)).isPrefaulted()).isTrue();
        assertThat(new MemorySettings(2 * MIB, false, List.of()).isPrefaulted()).isFalse();
        assertThat(new MemorySettings(4096, false, List.of(0)).isPrefaulted()).isFalse();
    }
}
