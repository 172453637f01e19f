package io.drover.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.proto.vmm.v1.SavedChips;
import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.boot.BootSource;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.interrupt.RecordedMessages;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.pci.SlotRegisters;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Devices that come and go in a machine without CPUs, whose guest is a test that reads and writes the slots' registers. */
@Timeout(60)
class HotPlugTest {
    private static final long NOTHING = 0xFFFF_FFFFL;

    @TempDir
    private Path folder;

    private final Arena arena = Arena.ofShared();
    private final IoBus mmio = new IoBus();
    private final RecordedMessages messages = new RecordedMessages();
    private final Semaphore gone = new Semaphore(0);
    private int events;
    private PciDevices devices;
    private HotPlug hotPlug;
    private SlotRegisters registers;

    @BeforeEach
    void start() throws IOException {
        MachineSettings settings = new MachineSettings(1, 2 << 20,
                new BootSource(folder.resolve("kernel"), Optional.empty(), ""), List.of(disk("first")), true, List.of(),
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), true,
                Optional.empty(), MemorySettings.PLAIN, List.of(), Optional.empty());
        Log log = new Log(System.err, "test");
        devices = PciDevices.plug(settings, GuestMemory.of(arena.allocate(2 << 20, 4096)), new NoCpus(), new PciBus(),
                mmio, Optional.empty(), PciDevices.DiskSource.IMAGES, log);
        hotPlug = new HotPlug(devices, () -> events++, gone::release, log);
        registers = hotPlug.registers();
    }

    @AfterEach
    void close() {
        hotPlug.close();
        devices.close();
        arena.close();
    }

    private DiskSettings disk(String id) throws IOException {
        Path file = folder.resolve(id);
        if (!Files.exists(file)) {
            Files.write(file, new byte[1 << 16]);
        }
        return new DiskSettings(id, List.of(new DiskImage(file, DiskFormat.RAW)), false, id, false, 0, DiskRate.ANY);
    }

    private long identity(int slot) {
        return mmio.read(PciWindows.ECAM_BASE + ((long) slot << 15), 4);
    }

    private String attach(DiskSettings settings) throws InterruptedException {
        Answers answers = new Answers();
        hotPlug.attachDisk(settings, answers);
        return answers.next();
    }

    private String detach(String id, boolean force) throws InterruptedException {
        Answers answers = new Answers();
        hotPlug.detach(id, force, answers);
        return answers.next();
    }

    private String resize(String id, long bytes) throws InterruptedException {
        Answers answers = new Answers();
        hotPlug.resize(id, bytes, answers);
        return answers.next();
    }

    private String limit(String id, DiskRate rate) throws InterruptedException {
        Answers answers = new Answers();
        hotPlug.limit(id, rate, answers);
        return answers.next();
    }

    private void eject(int slot) {
        registers.write(SlotRegisters.EJECT, 4, 1L << slot);
    }

    private void awaitGone() throws InterruptedException {
        assertThat(gone.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    }

    private List<String> ids() {
        return devices.disks().stream().map(disk -> disk.id() + (disk.leaving() ? " leaving" : "")).toList();
    }

    @Test
    void diskComesAndTheGuestIsTold() throws Exception {
        assertThat(attach(disk("second"))).isEqualTo("done");
        assertThat(events).isEqualTo(1);
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isEqualTo(1L << 3);
        assertThat(identity(3)).isEqualTo(0x1042_1AF4L);
        assertThat(ids()).containsExactly("first", "second");
        assertThat(attach(disk("second"))).as("again").isEqualTo("done");
        assertThat(ids()).containsExactly("first", "second");
    }

    @Test
    void anotherDiskOfTheSameIdIsRefused() throws Exception {
        DiskSettings first = disk("first");
        assertThat(attach(new DiskSettings("first", first.images(), false, "other", false, 0, DiskRate.ANY)))
                .startsWith("CONFLICT");
    }

    @Test
    void diskThatCannotBeOpenedTakesNoSlot() throws Exception {
        int held = messages.held();
        DiskSettings again = disk("first");
        assertThat(attach(new DiskSettings("x", again.images(), false, "", false, 0, DiskRate.ANY)))
                .startsWith("HOST_FAILED").contains("first");
        assertThat(messages.held()).isEqualTo(held);
        assertThat(events).isZero();
        assertThat(attach(disk("second"))).isEqualTo("done");
        assertThat(identity(3)).isEqualTo(0x1042_1AF4L);
    }

    @Test
    void diskGoesWhenTheGuestLetsGoOfIt() throws Exception {
        int held = messages.held();
        assertThat(detach("first", false)).isEqualTo("done");
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isEqualTo(1L << 1);
        assertThat(ids()).containsExactly("first leaving");
        assertThatThrownBy(() -> LinuxFile.openLocked(folder.resolve("first"), false)).hasMessageContaining("in use");
        assertThat(detach("first", false)).isEqualTo("done");
        assertThat(registers.read(SlotRegisters.ASKED, 4)).as("asked again").isEqualTo(1L << 1);

        eject(1);
        assertThat(identity(1)).as("at once").isEqualTo(NOTHING);
        awaitGone();
        assertThat(ids()).isEmpty();
        assertThat(messages.held()).isEqualTo(held - 2);
        LinuxFile.openLocked(folder.resolve("first"), false).close();
        assertThat(detach("first", false)).isEqualTo("done");

        eject(1);
        assertThat(attach(disk("first"))).isEqualTo("done");
        assertThat(identity(1)).isEqualTo(0x1042_1AF4L);
        assertThat(gone.tryAcquire()).as("gone once").isFalse();
    }

    @Test
    void whatTheGuestWasNotAskedForStays() throws Exception {
        for (int slot = 0; slot < 32; slot++) {
            eject(slot);
        }
        registers.write(SlotRegisters.EJECT, 4, -1);
        assertThat(identity(1)).isEqualTo(0x1042_1AF4L);
        assertThat(identity(2)).as("of the source of entropy").isEqualTo(0x1044_1AF4L);
        assertThat(ids()).containsExactly("first");
        assertThat(gone.availablePermits()).isZero();
    }

    @Test
    void diskThatIsToStayAfterAllIsShownToAGuestThatLetGoOfIt() throws Exception {
        detach("first", false);
        assertThat(attach(disk("first"))).isEqualTo("done");
        assertThat(ids()).containsExactly("first");
        assertThat(registers.read(SlotRegisters.ASKED, 4)).as("if it has not heard of it").isZero();
        eject(1);
        assertThat(identity(1)).isEqualTo(0x1042_1AF4L);
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isEqualTo(1L << 1);
        eject(1);
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).as("it does so by itself").isZero();
        assertThat(ids()).containsExactly("first");
    }

    @Test
    void diskIsTakenFromAGuestThatNeverAnswers() throws Exception {
        int held = messages.held();
        detach("first", true);
        awaitGone();
        assertThat(ids()).isEmpty();
        LinuxFile.openLocked(folder.resolve("first"), false).close();
        assertThat(registers.read(SlotRegisters.ASKED, 4)).as("let go of what is there").isEqualTo(1L << 1);
        assertThat(identity(1)).as("the driver has its device").isEqualTo(0x1042_1AF4L);

        assertThat(attach(disk("first"))).as("beside what it was").isEqualTo("done");
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isEqualTo(1L << 3);
        assertThat(ids()).containsExactly("first");
        assertThat(messages.held()).isEqualTo(held + 2);

        eject(1);
        assertThat(identity(1)).isEqualTo(NOTHING);
        assertThat(attach(disk("second"))).isEqualTo("done");
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).as("in the slot that is free again").isEqualTo(1L << 1);
        assertThat(ids()).containsExactly("first", "second");
        assertThat(gone.tryAcquire()).as("gone once").isFalse();
    }

    @Test
    void diskThatWasTakenIsNotSavedBeforeTheGuestHasLetGoOfIt() throws Exception {
        detach("first", true);
        awaitGone();
        assertThatThrownBy(devices::save).isInstanceOf(IOException.class)
                .hasMessageContaining("first : was taken from the guest");
        eject(1);
        assertThat(attach(disk("second"))).isEqualTo("done");
        assertThat(devices.save()).hasSize(2);
    }

    @Test
    void diskThatTheGuestWasAskedForCanBeTakenFromIt() throws Exception {
        detach("first", false);
        detach("first", true);
        awaitGone();
        assertThat(detach("first", true)).as("again").isEqualTo("done");
        eject(1);
        eject(1);
        assertThat(identity(1)).isEqualTo(NOTHING);
        assertThat(registers.read(SlotRegisters.ASKED, 4)).as("there is nothing to let go of").isZero();
    }

    @Test
    void diskGrowsAndNeverShrinks() throws Exception {
        assertThat(resize("first", 1 << 17)).isEqualTo("done");
        assertThat(resize("first", 1 << 17)).isEqualTo("done");
        assertThat(Files.size(folder.resolve("first"))).isEqualTo(1 << 17);
        assertThat(devices.disks().getFirst().sizeBytes()).isEqualTo(1 << 17);
        assertThat(resize("first", 1 << 16)).startsWith("BAD_REQUEST").contains("131072");
        assertThat(resize("first", (1 << 17) + 1)).startsWith("BAD_REQUEST");
        assertThat(resize("first", Long.MIN_VALUE)).startsWith("BAD_REQUEST");
        assertThat(resize("none", 1 << 17)).startsWith("FAILED").contains("none");
        detach("first", false);
        assertThat(resize("first", 1 << 18)).startsWith("FAILED");
    }

    @Test
    void limitOfADiskIsOneOfItsSettingsFromThenOn() throws Exception {
        DiskRate rate = new DiskRate(1 << 20, 100);
        DiskSettings limited = disk("first").withRate(rate);
        assertThat(attach(limited)).as("not yet").startsWith("CONFLICT");
        assertThat(limit("first", rate)).isEqualTo("done");
        assertThat(limit("first", rate)).as("again").isEqualTo("done");
        assertThat(attach(limited)).as("is there").isEqualTo("done");
        assertThat(attach(disk("first"))).startsWith("CONFLICT");
        assertThat(limit("first", DiskRate.ANY)).isEqualTo("done");
        assertThat(attach(disk("first"))).isEqualTo("done");
        assertThat(limit("none", rate)).startsWith("FAILED").contains("none");
        detach("first", false);
        assertThat(limit("first", rate)).startsWith("FAILED").contains("leaving");
        eject(1);
        awaitGone();
        assertThat(limit("first", rate)).startsWith("FAILED");
    }

    @Test
    void oneDiskTooManyIsRefused() throws Exception {
        for (int number = 1; number < MachineSettings.MAX_DISKS; number++) {
            assertThat(attach(disk("d" + number))).isEqualTo("done");
        }
        assertThat(attach(disk("more"))).startsWith("FAILED").contains("24");
    }

    /** Whatever a guest writes and whenever, in the end what was asked for is so. */
    @Test
    void guestThatEjectsAtAnyTimeHurtsNobody() throws Exception {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            switch (random.nextInt(5)) {
                case 0 -> assertThat(attach(disk("d" + random.nextInt(4)))).matches("done|BUSY .*");
                case 1 -> detach("d" + random.nextInt(4), false);
                case 2 -> registers.read(4L * random.nextInt(3), 4);
                default -> registers.write(SlotRegisters.EJECT, 4, random.nextInt() & 0xFFFF_FFFFL);
            }
        }
        for (int number = 0; number < 4; number++) {
            detach("d" + number, true);
        }
        long until = System.nanoTime() + 30_000_000_000L;
        // Of one disk and the source of entropy, once it has let go of what was taken.
        while (devices.disks().size() > 1 || messages.held() > 4) {
            registers.write(SlotRegisters.EJECT, 4, 0xFFFF_FFFFL);
            assertThat(System.nanoTime()).as("%s", ids()).isLessThan(until);
        }
        assertThat(ids()).containsExactly("first");
        assertThat(messages.held()).isEqualTo(4);
    }

    private static final class Answers implements Answer {
        private final BlockingQueue<String> given = new LinkedBlockingQueue<>();

        @Override
        public void done() {
            given.add("done");
        }

        @Override
        public void refused(Refusal reason, String why) {
            given.add(reason + " " + why);
        }

        String next() throws InterruptedException {
            String answer = given.poll(30, TimeUnit.SECONDS);
            assertThat(answer).as("an answer").isNotNull();
            return answer;
        }
    }

    private final class NoCpus implements Partition {
        @Override
        public VirtualCpu createCpu(int index, List<CpuidEntry> cpuid) throws IOException {
            throw new IOException("no CPUs");
        }

        @Override
        public InterruptLine line(int number) {
            return new RecordedLine();
        }

        @Override
        public MessageInterrupts messageInterrupts() {
            return messages;
        }

        @Override
        public Doorbells doorbells() {
            return new Doorbells() {
                @Override
                public boolean add(long address, EventFile event) {
                    return false;
                }

                @Override
                public void remove(long address, EventFile event) {
                    throw new IllegalStateException("none was added");
                }
            };
        }

        @Override
        public SavedChips save() {
            return SavedChips.getDefaultInstance();
        }

        @Override
        public void load(SavedChips saved, long awayNanos) {
            // Has none.
        }

        @Override
        public DirtyLog dirtyLog() {
            throw new IllegalStateException("nothing is executed");
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
