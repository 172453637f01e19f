package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.QemuImg;
import io.drover.vmm.testing.CountingGuest;
import io.drover.vmm.testing.HostileGuest;
import io.drover.vmm.testing.HostileGuest.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests of several vCPUs and with all devices move between VMM processes on this machine's KVM while they use them. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BusyMigrationTest {
    private static final int DISK_BYTES = 4 << 20;
    private static final long SOME_EXITS = 1_000;

    @TempDir
    private Path folder;

    private final List<MovingVm> vms = new ArrayList<>();

    @BeforeEach
    void needsKvm() throws IOException {
        CodeGuest.openOrSkip().close();
    }

    @AfterEach
    void end() throws Exception {
        for (MovingVm vm : vms) {
            vm.close();
        }
    }

    private Path own() throws IOException {
        return Files.createDirectory(folder.resolve("vmm" + vms.size()));
    }

    private MovingVm start(VmmRig rig, boolean incoming, Path own) throws Exception {
        MovingVm vm = MovingVm.start(incoming ? rig.incoming() : rig, own);
        vms.add(vm);
        return vm;
    }

    private MovingVm counting(boolean incoming) throws Exception {
        Path own = own();
        return start(new VmmRig(own).vcpus(2).kernel(Files.write(own.resolve("guest"), CountingGuest.elf(2))), incoming,
                own);
    }

    /** Each of its counts goes on. */
    private static void countsOn(MovingVm vm) throws Exception {
        for (long counter : new long[] {CountingGuest.COUNT, CountingGuest.SECOND_COUNT, CountingGuest.TICKS,
                CountingGuest.NOW_AND_THEN}) {
            vm.assertRuns(counter);
        }
        assertThat(vm.peek(CountingGuest.LOST)).as("what the guest has noticed").isZero();
    }

    @Test
    void guestOfTwoCpusThatIsInterruptedMovesInstructionByInstruction() throws Exception {
        MovingVm from = counting(false);
        countsOn(from);
        for (int move = 1; move <= 2; move++) {
            MovingVm to = counting(true);
            MovingVm.move(from, to, List.of());
            int second = to.peek(CountingGuest.SECOND_COUNT);
            assertThat(second).isEqualTo(from.peek(CountingGuest.SECOND_COUNT));
            from.client().stop();
            to.client().resume(MovingVm.EPOCH + move);
            countsOn(to);
            from = to;
        }
    }

    /** Two disks, one that goes with it and one that is shared. */
    private MovingVm hostile(long seed, boolean incoming, Path raw, Path qcow2) throws Exception {
        Path own = own();
        // On the bus in this order; a socket device and a console are as good as any to who does everything wrong.
        List<Device> devices = List.of(Device.BLOCK, Device.BLOCK, Device.NETWORK, Device.ENTROPY, Device.ENTROPY,
                Device.ENTROPY, Device.BALLOON);
        VmmRig rig = new VmmRig(own).memoryBytes(HostileGuest.MEMORY_BYTES)
                .kernel(Files.write(own.resolve("guest"), HostileGuest.bzImage(seed, devices)))
                .disks(VmmDisk.raw(raw, "raw"), new VmmDisk(new VmmDisk.File(qcow2, VmmDisk.Format.QCOW2), List.of(),
                        false, "qcow2", VmmDisk.Cache.WRITE_BACK, 0))
                .nics(VmmNic.user("net", "52:54:00:12:34:56", List.of())).sockets()
                .balloon(new VmmBalloon(true, true, Duration.ofSeconds(1), 0));
        return start(rig, incoming, own);
    }

    /**
     * A guest of this kind ends itself sooner or later, often before it has moved; the next one is tried then. More for whoever
     * has the time: {@code -Ddrover.soak=100}.
     */
    @Test
    void hostileGuestsMoveInTheMiddleOfWhateverTheyAreAt() throws Exception {
        assumeTrue(HostileGuestTest.passtWorks(), "passt is not installed, or this machine has no way out");
        int wanted = 2 + Integer.getInteger("drover.soak", 0);
        int moved = 0;
        for (long seed = 0; moved < wanted; seed++) {
            assertThat(seed).as("guests that were tried").isLessThan(15L + 2L * wanted);
            if (moves(seed)) {
                moved++;
            }
        }
    }

    /** False when its guest has ended before. */
    private boolean moves(long seed) throws Exception {
        Path here = Files.write(folder.resolve("here" + seed), new byte[DISK_BYTES]);
        Path there = Files.write(folder.resolve("there" + seed), new byte[DISK_BYTES]);
        Path shared = folder.resolve("shared" + seed);
        DiskImage.create(shared, Qcow2Creation.of(DISK_BYTES, Optional.empty()));
        // The other first: so that it is there in time.
        MovingVm target = hostile(seed, true, there, shared);
        MovingVm source = hostile(seed, false, here, shared);
        MovingVm last = source;
        try {
            works(source);
            MovingVm.move(source, target, List.of("disk0"));
            assertThat(source.memory().mismatch(target.memory())).as("the first byte that is another").isEqualTo(-1);
            assertThat(Files.mismatch(here, there)).isEqualTo(-1);
            source.client().stop();
            assertThat(source.rig().awaitEnd().cause()).isEqualTo(Cause.KILLED);
            last = target;
            target.client().resume(MovingVm.EPOCH + 1);
            works(target);
            target.client().stop();
        } catch (IOException | VmmRefusedException | AssertionError e) {
            if (!last.rig().process().waitFor(Duration.ofSeconds(5))) {
                throw e;
            }
        }
        VmmEnd end = last.rig().awaitEnd();
        for (MovingVm vm : List.of(source, target)) {
            assertThat(vm.rig().log()).as("seed %s", seed).doesNotContain("\tat ", "    at ", "Exception");
        }
        assertThat(end.cause()).as("seed %s: %s; %s", seed, end, last.rig().log()).isIn(Cause.KILLED,
                Cause.GUEST_POWERED_OFF, Cause.GUEST_REBOOTED, Cause.GUEST_PANICKED);
        target.close();
        QemuImg.assumeInstalled();
        assertThat(QemuImg.check(shared).exitCode()).as(QemuImg.check(shared).output()).isZero();
        return last == target;
    }

    /** It does a good deal, as far as that can be seen from outside. */
    private static void works(MovingVm vm) throws Exception {
        VmmStatus status = vm.client().status();
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        long before = status.exits();
        while (status.exits() - before < SOME_EXITS) {
            assertThat(System.nanoTime()).as("deadline; %s", vm.rig().log()).isLessThan(until);
            status = vm.client().status();
        }
    }
}
