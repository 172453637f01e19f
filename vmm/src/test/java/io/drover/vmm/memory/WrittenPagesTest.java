package io.drover.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.linux.FileHandle;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrittenPagesTest {
    private static final long LOW_PAGES = 4;
    private static final long HIGH = GuestMemory.HIGH_RAM_BASE;

    private final Arena arena = Arena.ofShared();
    private final GuestMemory memory = GuestMemory.split(arena.allocate(8 * GuestMemory.PAGE_BYTES, 4096),
            LOW_PAGES * GuestMemory.PAGE_BYTES);

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void everyWayToWriteIsNoted(@TempDir Path folder) throws Exception {
        memory.track();
        memory.write8(0, 1);
        assertThat(written()).containsExactly(0L);
        memory.write16(4095, 1);
        assertThat(written()).as("across two pages").containsExactly(0L, 1L);
        memory.write32(4096 * 2, 1);
        assertThat(written()).containsExactly(2L);
        memory.write64(HIGH, 1);
        assertThat(written()).as("behind the hole").containsExactly(LOW_PAGES);
        memory.copyIn(HIGH + 4095, new byte[4098]);
        assertThat(written()).containsExactly(4L, 5L, 6L);
        memory.copyIn(10, new HostBuffer(16), 4, 8);
        assertThat(written()).containsExactly(0L);
        memory.fill(4096, 4096, (byte) 1);
        assertThat(written()).containsExactly(1L);
        memory.fill(4096, 0, (byte) 1);
        assertThat(written()).isEmpty();
        Path file = Files.write(folder.resolve("file"), new byte[5000]);
        try (FileChannel channel = FileChannel.open(file)) {
            memory.readFrom(channel, 0, HIGH, 5000);
        }
        assertThat(written()).containsExactly(4L, 5L);
        memory.markWritten(HIGH + 3 * 4096, 1);
        assertThat(written()).containsExactly(7L);
    }

    @Test
    void nothingIsNotedWhileNobodyTracks() throws Exception {
        memory.write8(0, 1);
        memory.track();
        assertThat(written()).isEmpty();
        memory.endTracking();
        memory.write8(0, 1);
        assertThat(written()).isEmpty();
        memory.track();
        assertThat(written()).isEmpty();
    }

    @Test
    void holeIsAWrite() throws IOException {
        try (Arena mapped = Arena.ofShared(); FileHandle file = FileHandle.memory("ram", 4 * 4096)) {
            MemorySegment ram = file.map(4 * 4096, mapped);
            GuestMemory holed = GuestMemory.of(ram);
            holed.track();
            assertThat(new BackingFile(file, holed).giveBack(4096, 2 * 4096)).isEqualTo(2 * 4096);
            PageSet set = new PageSet(4);
            holed.drainWritten(set);
            assertThat(set.contains(1)).isTrue();
            assertThat(set.contains(2)).isTrue();
            assertThat(set.count()).isEqualTo(2);
        }
    }

    private List<Long> written() {
        PageSet set = new PageSet(memory.pages());
        memory.drainWritten(set);
        List<Long> all = new ArrayList<>();
        for (long page = set.next(0); page >= 0; page = set.next(page + 1)) {
            all.add(page);
        }
        return all;
    }
}
