package io.drover.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappedMemoryTest {
    private static final long BYTES = 4L << 20;
    private static final long HUGE_BYTES = 2L << 20;
    private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

    @Test
    void populatedPagesAreThereAndKeepWhatIsInThem() throws IOException {
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("drover-test-populate", BYTES)) {
            MemorySegment mapped = file.map(BYTES, arena);
            mapped.set(ValueLayout.JAVA_LONG, 8192, 42);
            MappedMemory.populate(mapped.asSlice(0, BYTES / 2));
            assertThat(file.allocatedBytes()).isEqualTo(BYTES / 2);
            assertThat(mapped.get(ValueLayout.JAVA_LONG, 8192)).isEqualTo(42);
        }
    }

    @Test
    void memoryIsBoundToNodesThatThereAre() throws IOException {
        assumeThat(Path.of("/sys/devices/system/node/node0")).as("a kernel with NUMA").exists();
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("drover-test-bind", BYTES)) {
            MemorySegment mapped = file.map(BYTES, arena);
            MappedMemory.bind(mapped, List.of(0));
            MappedMemory.populate(mapped);
            assertThat(policy(mapped)).startsWith("bind:0");
            assertThatThrownBy(() -> MappedMemory.bind(mapped, List.of(MappedMemory.MAX_NODE)))
                    .isInstanceOf(SystemCallException.class).hasMessageContaining("MPOL_BIND to nodes [1023]");
        }
    }

    @Test
    void hugePagesComeInWholePagesAndNoMoreThanThereAre() throws IOException {
        assumeThat(HUGE_PAGES).as("huge pages in the kernel").exists();
        long free = Long.parseLong(Files.readString(HUGE_PAGES.resolve("free_hugepages")).strip());
        long tooMany = (free + 1) * HUGE_BYTES;
        try (Arena arena = Arena.ofShared();
                FileHandle file = FileHandle.hugeMemory("drover-test-hugetlb", tooMany, HUGE_BYTES)) {
            assertThat(file.blockBytes()).isEqualTo(HUGE_BYTES);
            assertThatThrownBy(() -> file.map(tooMany, arena)).isInstanceOf(SystemCallException.class)
                    .hasMessageContaining("ENOMEM");
            if (free > 0) {
                MemorySegment mapped = file.map(HUGE_BYTES, arena);
                mapped.set(ValueLayout.JAVA_LONG, 0, 42);
                assertThat(file.allocatedBytes()).isEqualTo(HUGE_BYTES);
            }
        }
    }

    /** Of the mapping that begins where the segment does: the second word of its line in numa_maps(5). */
    private static String policy(MemorySegment mapped) throws IOException {
        String start = Long.toHexString(mapped.address()) + " ";
        return Files.readAllLines(Path.of("/proc/self/numa_maps")).stream().filter(line -> line.startsWith(start))
                .findFirst().map(line -> line.split(" ", -1)[1]).orElseThrow();
    }
}
