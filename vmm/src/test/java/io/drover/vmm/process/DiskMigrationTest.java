package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.Qcow2Disk;
import io.drover.vmm.testing.DiskGuest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that uses its disk all the time moves between VMM processes on this machine's KVM, with its disk or without. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskMigrationTest {
    private static final int PLACES = 32;
    private static final int DISK_BYTES = 2 * PLACES * DiskGuest.PLACE_BYTES + 512;
    private static final List<String> MIRRORED = List.of("disk0");
    private static final long NEW_EPOCH = MovingVm.EPOCH + 1;

    @TempDir
    private Path folder;

    private final List<MovingVm> vms = new ArrayList<>();
    private Path base;

    @BeforeEach
    void prepare() throws IOException {
        CodeGuest.openOrSkip().close();
        byte[] bytes = DiskBytes.random(new Random(1), DISK_BYTES);
        for (int place = 0; place < PLACES; place++) {
            Arrays.fill(bytes, place * DiskGuest.PLACE_BYTES, place * DiskGuest.PLACE_BYTES + 4096, (byte) 0);
        }
        base = Files.write(folder.resolve("base"), bytes);
    }

    @AfterEach
    void end() throws Exception {
        for (MovingVm vm : vms) {
            vm.close();
        }
    }

    private VmmDisk image(String name) throws IOException {
        Path path = folder.resolve(name);
        DiskImage.create(path, Qcow2Creation.of(DISK_BYTES,
                Optional.of(new Qcow2Creation.BackingFile(base.toString(), "raw"))));
        return new VmmDisk(new VmmDisk.File(path, VmmDisk.Format.QCOW2),
                List.of(new VmmDisk.File(base, VmmDisk.Format.RAW)), false, "serial", VmmDisk.Cache.WRITE_BACK, 0);
    }

    private MovingVm vm(boolean incoming, VmmDisk disk) throws Exception {
        Path own = Files.createDirectory(folder.resolve("vmm" + vms.size()));
        VmmRig rig = new VmmRig(own).memoryBytes(8 << 20).vcpus(2).memoryDevices().disks(disk)
                .kernel(Files.write(own.resolve("guest"), DiskGuest.elf(PLACES)));
        MovingVm vm = MovingVm.start(incoming ? rig.incoming() : rig, own);
        vms.add(vm);
        return vm;
    }

    private MovingVm running(VmmDisk disk) throws Exception {
        MovingVm vm = vm(false, disk);
        runsAround(vm);
        return vm;
    }

    /** Every place was written to, and read again. */
    private static void runsAround(MovingVm vm) throws Exception {
        int from = vm.peek(DiskGuest.COUNT);
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (vm.peek(DiskGuest.COUNT) - from < 2 * PLACES) {
            assertThat(vm.peek(DiskGuest.LOST)).as("what the guest has noticed; %s", vm.rig().log()).isZero();
            assertThat(System.nanoTime()).as("deadline; %s", vm.rig().log()).isLessThan(until);
        }
    }

    private byte[] content(VmmDisk disk) throws IOException {
        try (Disk open = Qcow2Disk.open(LinuxFile.open(disk.file().path(), true),
                Optional.of(RawDisk.open(LinuxFile.open(base, true), true)), true, 1 << 20)) {
            return DiskBytes.read(open, 0, DISK_BYTES);
        }
    }

    @Test
    void guestMovesWithItsDiskAndNoRequestIsLostOrDoneTwice() throws Exception {
        VmmDisk here = image("here");
        MovingVm from = running(here);
        for (int move = 0; move < 2; move++) {
            VmmDisk there = image("there" + move);
            MovingVm to = vm(true, there);
            VmmMigration sent = MovingVm.move(from, to, MIRRORED);
            assertThat(sent.disks().totalBytes()).isBetween((long) PLACES * DiskGuest.PLACE_BYTES,
                    (PLACES + 1L) * DiskGuest.PLACE_BYTES);
            assertThat(sent.disks().bytes()).isGreaterThanOrEqualTo(sent.disks().totalBytes());
            assertThat(sent.disks().remainingBytes()).isZero();
            assertThat(sent.remainingBytes()).isZero();
            assertThat(to.client().migration().disks().bytes()).isEqualTo(sent.disks().bytes());
            assertThat(content(there)).isEqualTo(content(here));
            ByteBuffer memory = from.memory();
            assertThat(memory.mismatch(to.memory())).isEqualTo(-1);
            from.client().stop();
            from.rig().awaitEnd();

            to.client().resume(NEW_EPOCH + move);
            runsAround(to);
            from = to;
            here = there;
        }
    }

    @Test
    void sharedDiskBelongsToWhoeverIsLetRun() throws Exception {
        VmmDisk shared = image("shared");
        MovingVm source = running(shared);
        MovingVm target = vm(true, shared);
        MovingVm.move(source, target, List.of());
        assertThatThrownBy(() -> source.client().sendMigration(folder.resolve("link"),
                VmmSendOptions.DEFAULT.mirroring(List.of("disk7")))).isInstanceOf(VmmRefusedException.class);
        target.client().resume(NEW_EPOCH);
        runsAround(target);
        assertThatThrownBy(() -> source.client().resume(NEW_EPOCH)).isInstanceOfSatisfying(VmmRefusedException.class,
                refused -> assertThat(refused.reason()).as(refused.getMessage()).isEqualTo("DISK_IN_USE"));
        source.assertStandsStill(DiskGuest.COUNT);
        source.client().stop();
        source.rig().awaitEnd();
        runsAround(target);
    }

    @Test
    void sourceTakesASharedDiskBackWithItsGuest() throws Exception {
        VmmDisk shared = image("shared");
        MovingVm source = running(shared);
        MovingVm target = vm(true, shared);
        MovingVm.move(source, target, List.of());
        source.client().resume(NEW_EPOCH);
        runsAround(source);
        assertThatThrownBy(() -> target.client().resume(NEW_EPOCH)).isInstanceOfSatisfying(VmmRefusedException.class,
                refused -> assertThat(refused.reason()).as(refused.getMessage()).isEqualTo("DISK_IN_USE"));
        target.assertStandsStill(DiskGuest.COUNT);
        target.client().stop();
        target.rig().awaitEnd();
        runsAround(source);
    }

    @Test
    void imageThatIsMissingAtTheDestinationIsNamedAndTheGuestRunsOn() throws Exception {
        MovingVm source = running(image("here"));
        VmmDisk there = image("there");
        MovingVm target = vm(true, there);
        Files.delete(there.file().path());
        assertThatThrownBy(() -> target.client().receiveMigration(folder.resolve("x"), 1, MovingVm.STALL,
                List.of("disk1"))).isInstanceOf(VmmRefusedException.class).hasMessageContaining("disk1");
        target.client().receiveMigration(folder.resolve("link"), 1, MovingVm.STALL, MIRRORED);
        VmmMigration failed = target.await(Phase.FAILED);
        assertThat(failed.failure().orElseThrow().kind()).isEqualTo("DISK");
        assertThat(failed.failure().orElseThrow().message()).contains("disk disk0").contains("ENOENT");
        runsAround(source);
    }

    @Test
    void imageThatIsSaidToBeSharedAndIsAnotherIsRefused() throws Exception {
        MovingVm source = running(image("here"));
        MovingVm target = vm(true, image("there"));
        try (MigrationDoor door = target.receive(VmmSendOptions.DEFAULT.connections())) {
            source.sendTo(door, VmmSendOptions.DEFAULT);
            source.await(Phase.CONVERGED);
            source.client().switchMigration();
            VmmMigration.Failure failure = source.await(Phase.FAILED).failure().orElseThrow();
            assertThat(failure.kind()).isEqualTo("MISMATCH");
            assertThat(failure.message()).contains("disk disk0 : another image");
            assertThat(failure.stopped()).isTrue();
        }
        source.client().resume(NEW_EPOCH);
        runsAround(source);
    }

    @Test
    void imageThatHasContentAlreadyIsNamed() throws Exception {
        VmmDisk there = image("there");
        try (Disk disk = DiskImage.open(List.of(new DiskImage(there.file().path(), DiskFormat.QCOW2),
                new DiskImage(base, DiskFormat.RAW)), false)) {
            DiskBytes.write(disk, 1 << 20, new byte[512]);
        }
        MovingVm target = vm(true, there);
        target.client().receiveMigration(folder.resolve("link"), 1, MovingVm.STALL, MIRRORED);
        VmmMigration.Failure failure = target.await(Phase.FAILED).failure().orElseThrow();
        assertThat(failure.kind()).isEqualTo("DISK");
        assertThat(failure.message()).contains("has content at 1048576").contains("next: make disk disk0 a new image");
    }
}
