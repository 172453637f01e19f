package io.drover.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {
    private static final int MEMORY_BYTES = 8 << 20;
    private static final ByteString STATE = ByteString.copyFromUtf8("all but the memory");

    @TempDir
    private Path folder;

    private final Arena arena = Arena.ofShared();
    private GuestMemory memory;
    private BackingFile backing;
    private Path file;

    @BeforeEach
    void open() throws IOException {
        FileHandle memfd = FileHandle.memory("snapshot-test", MEMORY_BYTES);
        memory = GuestMemory.of(memfd.map(MEMORY_BYTES, arena));
        backing = new BackingFile(memfd, memory);
        file = folder.resolve("saved");
    }

    @AfterEach
    void close() {
        backing.close();
        arena.close();
    }

    /** Pages of random bytes here and there, some touched and zero, most never touched. */
    private void scatter() throws Exception {
        Random random = new Random(3);
        byte[] page = new byte[4096];
        for (long at : new long[] {0, 4096, 3 * 4096, (1 << 20) - 4096, 1 << 20, 5 << 20, MEMORY_BYTES - 4096}) {
            random.nextBytes(page);
            memory.copyIn(at, page);
        }
        memory.fill(6 << 20, 64 << 10, (byte) 0);
    }

    private void save() throws IOException {
        try (SnapshotWriter writer = SnapshotWriter.create(file)) {
            writer.write(memory, backing, STATE, (lookedAt, written) -> {});
        }
    }

    private byte[] contents(GuestMemory of) throws Exception {
        byte[] bytes = new byte[MEMORY_BYTES];
        of.copyOut(0, bytes);
        return bytes;
    }

    private static void verify(Path path) throws IOException {
        try (SnapshotReader reader = SnapshotReader.open(path)) {
            reader.verify();
        }
    }

    @Test
    void machineIsReadAsItWasWrittenAndZerosTakeNoSpace() throws Exception {
        scatter();
        save();
        assertThat(Files.size(file)).isLessThan(10 * 4096 + 4096);
        try (FileHandle memfd = FileHandle.memory("restored", MEMORY_BYTES);
                SnapshotReader reader = SnapshotReader.open(file)) {
            GuestMemory restored = GuestMemory.of(memfd.map(MEMORY_BYTES, arena));
            assertThat(reader.memoryBytes()).isEqualTo(MEMORY_BYTES);
            assertThat(reader.dataBytes()).isEqualTo(7 * 4096);
            assertThat(reader.state()).isEqualTo(STATE);
            reader.readMemory(restored);
            assertThat(memfd.allocatedBytes()).as("what was zero takes no memory").isLessThan(MEMORY_BYTES / 2);
            assertThat(Arrays.equals(contents(restored), contents(memory))).isTrue();
        }
    }

    @Test
    void emptyMachineIsAFileOfNoMemory() throws Exception {
        save();
        verify(file);
        assertThat(Files.size(file)).isLessThan(2 * 4096);
    }

    @Test
    void fileThatIsCutOffAnywhereIsRefused() throws Exception {
        scatter();
        save();
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 509) {
            Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> verify(cut)).as("cut off at %s", length).isInstanceOf(SavedStateException.class)
                    .hasMessageContaining(cut.toString());
        }
    }

    @Test
    void fileInWhichAnythingWasChangedIsRefused() throws Exception {
        scatter();
        save();
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(4);
        for (int change = 0; change < 300; change++) {
            byte[] damaged = whole.clone();
            // Most of the file is memory: every other change is elsewhere.
            int at = (change & 1) == 0 ? random.nextInt(whole.length)
                    : (change & 2) == 0 ? random.nextInt(4096 + 32) : whole.length - 1 - random.nextInt(60);
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            Path path = Files.write(folder.resolve("damaged"), damaged);
            assertThatThrownBy(() -> verify(path)).as("changed at %s", at).isInstanceOf(SavedStateException.class)
                    .hasMessageContaining(path.toString());
        }
    }

    @Test
    void machineOfAnotherSizeIsRefusedByName() throws Exception {
        save();
        try (SnapshotReader reader = SnapshotReader.open(file);
                FileHandle memfd = FileHandle.memory("small", 1 << 20)) {
            GuestMemory small = GuestMemory.of(memfd.map(1 << 20, arena));
            assertThatThrownBy(() -> reader.readMemory(small)).isInstanceOf(SavedStateException.class)
                    .hasMessageContaining("memory : " + MEMORY_BYTES + " bytes (expected: " + (1 << 20));
        }
    }

    @Test
    void nothingIsLeftOfAFileThatWasNotFinished() throws Exception {
        scatter();
        try (SnapshotWriter writer = SnapshotWriter.create(file)) {
            assertThatThrownBy(() -> writer.write(memory, backing, STATE, (lookedAt, written) -> {
                throw new IOException("enough");
            })).hasMessage("enough");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void whatAKilledWriterLeftIsInNobodysWay() throws Exception {
        scatter();
        Files.writeString(folder.resolve("saved.part"), "half a file");
        save();
        verify(file);
        assertThat(folder.resolve("saved.part")).doesNotExist();
    }

    @Test
    void fileThatIsThereIsNotReplaced() throws Exception {
        Files.writeString(file, "mine");
        assertThatThrownBy(() -> SnapshotWriter.create(file)).hasMessageContaining("is there");
        assertThat(file).hasContent("mine");
    }

    @Test
    void whatIsNoSavedMachineIsRefused() throws Exception {
        Files.write(file, new byte[8192]);
        assertThatThrownBy(() -> verify(file)).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("no saved machine");
        assertThatThrownBy(() -> verify(folder.resolve("none"))).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("cannot be read");
    }
}
