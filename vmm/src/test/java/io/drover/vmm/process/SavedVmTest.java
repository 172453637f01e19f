package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.generation.GenerationIdDevice;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.snapshot.SnapshotReader;
import io.drover.vmm.testing.CountingGuest;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VMs that are saved by one process and go on in another, on this machine's KVM. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SavedVmTest {
    private static final long MEMORY_BYTES = 4 << 20;
    /** Of a counting guest: it counts thousands between two. */
    private static final int EXITS = 5;

    @TempDir
    private Path folder;

    private final List<VmmRig> rigs = new ArrayList<>();

    @BeforeEach
    void needsKvm() throws IOException {
        CodeGuest.openOrSkip().close();
    }

    @AfterEach
    void end() throws Exception {
        for (VmmRig rig : rigs) {
            rig.close();
        }
    }

    /** A process's own place. */
    private VmmRig rig() throws IOException {
        VmmRig rig = new VmmRig(Files.createDirectory(folder.resolve("vmm" + rigs.size())));
        rigs.add(rig);
        return rig;
    }

    private Path kernel(int cpus) throws IOException {
        return Files.write(folder.resolve("counting"), CountingGuest.elf(cpus));
    }

    /** What a counting guest had when it was saved. */
    private record Counts(long count, long ticks, long second, long lost, long rounds) {
        static Counts in(Path file) throws Exception {
            try (Arena arena = Arena.ofConfined();
                    FileHandle memfd = FileHandle.memory("counts", MEMORY_BYTES);
                    SnapshotReader reader = SnapshotReader.open(file)) {
                GuestMemory memory = GuestMemory.of(memfd.map(MEMORY_BYTES, arena));
                reader.readMemory(memory);
                return new Counts(Integer.toUnsignedLong(memory.read32(CountingGuest.COUNT)),
                        Integer.toUnsignedLong(memory.read32(CountingGuest.TICKS)),
                        Integer.toUnsignedLong(memory.read32(CountingGuest.SECOND_COUNT)),
                        memory.read32(CountingGuest.LOST), memory.read32(CountingGuest.NOW_AND_THEN));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void countingGuestGoesOnInstructionByInstruction(int cpus) throws Exception {
        Path kernel = kernel(cpus);
        Path saved = folder.resolve("saved0");
        VmmRig rig = rig().kernel(kernel).vcpus(cpus).start();
        Counts before = runAndSave(rig, saved);
        for (int time = 1; time <= 3; time++) {
            Path next = folder.resolve("saved" + time);
            // What it booted is not needed any more.
            Counts after = runAndSave(rig().kernel(folder.resolve("none")).vcpus(cpus).restore(saved).start(), next);
            assertThat(after.lost()).as("counts that differ").isZero();
            assertThat(after.count()).isGreaterThan(before.count());
            assertThat(after.ticks()).as("timer interrupts").isGreaterThan(before.ticks());
            assertThat(after.rounds()).isGreaterThan(before.rounds());
            if (cpus > 1) {
                assertThat(after.second()).as("counted by the second CPU").isGreaterThan(before.second());
            }
            before = after;
            saved = next;
        }
    }

    /** Lets it run for a while, saves it as it runs, and ends it. */
    private Counts runAndSave(VmmRig rig, Path file) throws Exception {
        VmmClient client = rig.connect();
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        long exits = client.status().exits();
        while (client.status().exits() < exits + EXITS) {
            assertThat(System.nanoTime()).as("deadline; %s", rig.log()).isLessThan(until);
            Thread.onSpinWait();
        }
        client.save(file, true, VmmRig.LONG);
        assertThat(client.status().state()).isEqualTo(VmmStatus.State.RUNNING);
        client.stop();
        assertThat(rig.awaitEnd().cause()).as(rig.log()).isEqualTo(Cause.KILLED);
        return Counts.in(file);
    }

    @Test
    void guestTypesOnWhereItWas() throws Exception {
        Path saved = folder.resolve("saved");
        VmmRig first = rig().hotPlug().memoryDevices();
        VmmClient client = first.start().connectAndAwaitBanner();
        type(client, "half a li");
        first.awaitConsole("half a li");
        assertThat(first.nextEvent()).isEqualTo("RUNNING");
        client.save(saved, false, VmmRig.LONG);
        assertThat(first.nextEvent()).isEqualTo("PAUSED");
        assertThat(client.status().state()).isEqualTo(VmmStatus.State.PAUSED);
        // A host that loses its process has the file.
        first.process().destroyForcibly();

        VmmRig second = rig().hotPlug().memoryDevices().startPaused().restore(saved).start();
        VmmClient there = second.connectToConsole();
        assertThat(there.status().state()).isEqualTo(VmmStatus.State.PAUSED);
        assertThatThrownBy(() -> there.resume(VmmRig.EPOCH - 1)).isInstanceOf(VmmRefusedException.class);
        there.resume(VmmRig.EPOCH);
        type(there, "ne\n");
        second.awaitConsole("ne\r\n");
        type(there, TinyGuest.POWER_OFF);
        assertThat(second.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
        assertThat(second.console()).as("booted again").doesNotContain(VmmRig.BANNER);
    }

    @Test
    void guestRunsOnWhenItsSaveFailsOrIsCancelledAndNothingIsLeft() throws Exception {
        VmmRig rig = rig();
        VmmClient client = rig.start().connectAndAwaitBanner();
        assertThatThrownBy(() -> client.save(folder.resolve("no/folder/saved"), false, VmmRig.LONG))
                .isInstanceOf(VmmRefusedException.class).hasMessageContaining("cannot be made");
        Path there = Files.writeString(folder.resolve("there"), "mine");
        assertThatThrownBy(() -> client.save(there, false, VmmRig.LONG)).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("is there");
        assertThatThrownBy(client::cancelSave).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("not being saved");
        assertThat(client.status().state()).isEqualTo(VmmStatus.State.RUNNING);
        type(client, TinyGuest.POWER_OFF);
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
        assertThat(there).hasContent("mine");
    }

    @Test
    void guestThatGoesOnASecondTimeHasAnotherGenerationId() throws Exception {
        Path saved = folder.resolve("saved");
        VmmRig first = rig().memoryDevices();
        VmmClient client = first.start().connectAndAwaitBanner();
        client.save(saved, false, VmmRig.LONG);
        client.stop();
        UUID other = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
        Path again = folder.resolve("again");
        VmmRig second = rig().memoryDevices().generationId(other).startPaused().restore(saved).start();
        second.connect().save(again, false, VmmRig.LONG);
        assertThat(generationId(saved)).isEqualTo("00000000000003000000000000000004");
        assertThat(generationId(again)).as("in a GUID's order").isEqualTo("33221100554477668899aabbccddeeff");
    }

    /** What lies where the guest looks for it. */
    private static String generationId(Path file) throws Exception {
        try (Arena arena = Arena.ofConfined();
                FileHandle memfd = FileHandle.memory("id", MEMORY_BYTES);
                SnapshotReader reader = SnapshotReader.open(file)) {
            GuestMemory memory = GuestMemory.of(memfd.map(MEMORY_BYTES, arena));
            reader.readMemory(memory);
            byte[] id = new byte[16];
            memory.copyOut(GenerationIdDevice.ADDRESS, id);
            return HexFormat.of().formatHex(id);
        }
    }

    @Test
    void processThatIsKilledWhileItSavesLeavesAWholeFileOrNone() throws Exception {
        for (int time = 0; time < 3; time++) {
            Path saved = folder.resolve("killed" + time);
            VmmRig rig = rig();
            VmmClient client = rig.start().connectAndAwaitBanner();
            Thread saving = Thread.ofVirtual().start(() -> {
                try {
                    client.save(saved, false, VmmRig.LONG);
                } catch (IOException | VmmRefusedException killed) {
                    // Nobody knows how far it came.
                }
            });
            Path part = folder.resolve("killed" + time + ".part");
            while (!Files.exists(part) && !Files.exists(saved)) {
                Thread.onSpinWait();
            }
            rig.process().destroyForcibly().waitFor();
            saving.join();
            if (Files.exists(saved)) {
                try (SnapshotReader reader = SnapshotReader.open(saved)) {
                    reader.verify();
                }
            }
        }
    }

    @Test
    void saveThatIsCancelledLeavesNothingAndTheGuestRunsOn() throws Exception {
        VmmClient client = rig().start().connectAndAwaitBanner();
        for (int time = 0; time < 5; time++) {
            Path saved = folder.resolve("cancelled" + time);
            CompletableFuture<Boolean> whole = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    client.save(saved, true, VmmRig.LONG);
                    whole.complete(true);
                } catch (VmmRefusedException e) {
                    whole.complete(!e.reason().equals("CANCELLED"));
                } catch (IOException e) {
                    whole.completeExceptionally(e);
                }
            });
            try {
                client.cancelSave();
            } catch (VmmRefusedException tooEarlyOrTooLate) {
                assertThat(tooEarlyOrTooLate).hasMessageContaining("not being saved");
            }
            boolean saves = whole.get(30, TimeUnit.SECONDS);
            assertThat(Files.exists(saved)).isEqualTo(saves);
            assertThat(client.status().state()).isEqualTo(VmmStatus.State.RUNNING);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(Path::toString)).noneMatch(name -> name.endsWith(".part"));
        }
    }

    @Test
    void whatCannotBeGoneOnFromIsRefusedByName() throws Exception {
        Path saved = folder.resolve("saved");
        Path disk = Files.write(folder.resolve("disk"), new byte[4096]);
        VmmRig first = rig().disks(VmmDisk.raw(disk, "serial"));
        VmmClient client = first.start().connectAndAwaitBanner();
        client.save(saved, false, VmmRig.LONG);
        client.stop();
        first.awaitEnd();

        assertRefused(rig().restore(saved), "device disk disk0 (expected: none of that name");
        assertRefused(rig().restore(saved).disks(VmmDisk.raw(disk, "serial")).vcpus(2), "vCPUs : 1 (expected: 2");
        assertRefused(rig().restore(saved).disks(VmmDisk.raw(disk, "serial")).hotPlug(), "hot-plug");
        assertRefused(rig().restore(saved).disks(VmmDisk.raw(disk, "serial")).memoryBytes(8 << 20),
                "memory : 4194304 bytes (expected: 8388608");
        Path larger = Files.write(folder.resolve("larger"), new byte[8192]);
        assertRefused(rig().restore(saved).disks(VmmDisk.raw(larger, "serial")), "size of disk disk0 : 4096");
        Path cut = folder.resolve("cut");
        Files.copy(saved, cut);
        try (RandomAccessFile file = new RandomAccessFile(cut.toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        assertRefused(rig().restore(cut).disks(VmmDisk.raw(disk, "serial")), "cut off");
        assertRefused(rig().restore(folder.resolve("none")).disks(VmmDisk.raw(disk, "serial")), "cannot be read");

        // What was refused has changed nothing: it can still be gone on from.
        VmmRig last = rig().restore(saved).disks(VmmDisk.raw(disk, "serial"));
        VmmClient there = last.start().connect();
        type(there, TinyGuest.POWER_OFF);
        assertThat(last.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
    }

    private static void assertRefused(VmmRig rig, String why) throws Exception {
        VmmEnd end = rig.start().awaitEnd();
        assertThat(end.cause()).as(end.message()).isEqualTo(Cause.START_FAILED);
        assertThat(end.message()).contains(why);
    }

    private static void type(VmmClient client, String text) throws Exception {
        client.consoleInput(text.getBytes(StandardCharsets.US_ASCII));
    }
}
