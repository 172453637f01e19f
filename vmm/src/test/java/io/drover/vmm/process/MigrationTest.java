package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.migration.stream.DamagingWire;
import io.drover.vmm.testing.DirtyingGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
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

/** A guest that writes all the time moves between VMM processes on this machine's KVM, or does not. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MigrationTest {
    private static final int PAGES = 512;
    private static final long MEMORY_BYTES = 16 << 20;
    /** So slow that a test can do something meanwhile. */
    private static final VmmSendOptions SLOW = new VmmSendOptions(1, Optional.of(200_000L), Duration.ofMillis(300),
            Duration.ofSeconds(2), Duration.ofMinutes(5), false, Duration.ofSeconds(10), Duration.ofMinutes(1));

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

    private MovingVm vm(boolean incoming) throws Exception {
        Path own = Files.createDirectory(folder.resolve("vmm" + vms.size()));
        VmmRig rig = new VmmRig(own).memoryBytes(MEMORY_BYTES)
                .kernel(Files.write(own.resolve("guest"), DirtyingGuest.elf(PAGES)));
        MovingVm vm = MovingVm.start(incoming ? rig.incoming() : rig, own);
        vms.add(vm);
        return vm;
    }

    private MovingVm running() throws Exception {
        MovingVm vm = vm(false);
        vm.assertRuns(DirtyingGuest.COUNT);
        return vm;
    }

    /** Sent, received, and both stand still. */
    private static VmmMigration move(MovingVm source, MovingVm target, VmmSendOptions options) throws Exception {
        try (MigrationDoor door = target.receive(options.connections())) {
            source.sendTo(door, options);
            source.await(Phase.CONVERGED);
            source.client().switchMigration();
            VmmMigration sent = source.await(Phase.SENT);
            target.await(Phase.RECEIVED);
            return sent;
        }
    }

    @Test
    void guestMovesFiveTimesAndNoWriteOfItsIsLostOrComesTwice() throws Exception {
        MovingVm from = running();
        int count = 0;
        for (int move = 1; move <= 5; move++) {
            MovingVm to = vm(true);
            boolean packed = move % 2 == 0;
            VmmMigration sent = move(from, to, VmmSendOptions.DEFAULT.compressing(packed));
            assertThat(sent.downtime().orElseThrow().total()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(20));
            assertThat(sent.bytes() < PAGES * 4096L).as("%d bytes", sent.bytes()).isEqualTo(packed);
            from.assertStandsStill(DirtyingGuest.COUNT);
            to.assertStandsStill(DirtyingGuest.COUNT);
            ByteBuffer before = from.memory();
            assertThat(before.mismatch(to.memory())).as("the first byte that is another").isEqualTo(-1);
            assertThat(before.getInt((int) DirtyingGuest.COUNT)).isGreaterThan(count);
            count = before.getInt((int) DirtyingGuest.COUNT);

            from.client().stop();
            assertThat(from.rig().awaitEnd().cause()).isEqualTo(Cause.KILLED);
            to.client().resume(MovingVm.EPOCH);
            to.assertRuns(DirtyingGuest.COUNT);
            assertThat(to.peek(DirtyingGuest.LOST)).as("what the guest itself has noticed").isZero();
            from = to;
        }
    }

    @Test
    void receiverRunsNothingBeforeItIsTold() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        assertThatThrownBy(() -> target.client().resume(MovingVm.EPOCH)).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("not here yet");
        assertThat(target.client().migration().phase()).isEqualTo(Phase.NONE);
        assertThatThrownBy(() -> source.client().switchMigration()).isInstanceOf(VmmRefusedException.class);
        assertThatThrownBy(() -> source.client().receiveMigration(folder.resolve("x"), 1, MovingVm.STALL))
                .isInstanceOf(VmmRefusedException.class).hasMessageContaining("has its guest");
        move(source, target, VmmSendOptions.DEFAULT);
        assertThatThrownBy(() -> target.client().resume(MovingVm.EPOCH - 1)).isInstanceOf(VmmRefusedException.class);
        target.assertStandsStill(DirtyingGuest.COUNT);
        assertThat(target.client().migration().phase()).isEqualTo(Phase.RECEIVED);

        // The other decision: it goes on where it was.
        source.client().resume(MovingVm.EPOCH);
        source.assertRuns(DirtyingGuest.COUNT);
        target.client().stop();
        assertThat(target.rig().awaitEnd().cause()).isEqualTo(Cause.KILLED);
    }

    @Test
    void cancelledMigrationLeavesTheGuestRunningAndTheNextOneSucceeds() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(door, SLOW);
            source.await(Phase.COPYING);
            assertThatThrownBy(() -> source.client().sendMigration(folder.resolve("second"), SLOW))
                    .isInstanceOf(VmmRefusedException.class).hasMessageContaining("one at a time");
            source.client().cancelMigration();
            awaitFailed(source, "CANCELLED", false);
        }
        source.assertRuns(DirtyingGuest.COUNT);
        assertThat(target.client().status().state()).isEqualTo(VmmStatus.State.STARTING);

        move(source, vm(true), VmmSendOptions.DEFAULT);
    }

    @Test
    void destinationThatIsKilledLeavesTheGuestRunning() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(door, SLOW);
            source.await(Phase.COPYING);
            target.rig().process().destroyForcibly();
            awaitFailed(source, "CUT", false);
        }
        source.assertRuns(DirtyingGuest.COUNT);
        assertThat(source.client().status().state()).isEqualTo(VmmStatus.State.RUNNING);
    }

    @Test
    void sourceThatIsKilledLeavesADestinationThatRunsNothing() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(door, SLOW);
            target.await(Phase.RECEIVING);
            source.await(Phase.COPYING);
            source.rig().process().destroyForcibly();
            awaitFailed(target, "CUT", false);
        }
        assertThatThrownBy(() -> target.client().resume(MovingVm.EPOCH)).isInstanceOf(VmmRefusedException.class);
    }

    @Test
    void streamThatIsCutInTheMiddleLeavesTheGuestRunning() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(DamagingWire.cuttingAt(1 << 20).to(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), door.port())), one());
            awaitFailed(source, "CUT", false);
            awaitFailed(target, "CUT", false);
        }
        source.assertRuns(DirtyingGuest.COUNT);
    }

    @Test
    void damageIsNoticedBeforeTheGuestCouldRunThereAndItGoesOnHere() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            // In the kernel's page, which nobody writes to again: the last of the first frame's before those that change.
            source.sendTo(DamagingWire.flipping(64 + 8 + 8 + 8 * 8 + 4096 * 3 + 100).to(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), door.port())), one());
            VmmMigration end = awaitEitherFailed(source);
            assertThat(end.failure().orElseThrow().kind()).isEqualTo("DAMAGED");
            awaitFailed(target, "DAMAGED", false);
            if (end.failure().orElseThrow().stopped()) {
                source.client().resume(MovingVm.EPOCH);
            }
        }
        source.assertRuns(DirtyingGuest.COUNT);
        assertThat(source.peek(DirtyingGuest.LOST)).isZero();
    }

    @Test
    void otherMachineIsRefusedByName() throws Exception {
        MovingVm source = running();
        Path own = Files.createDirectory(folder.resolve("other"));
        MovingVm target = MovingVm.start(new VmmRig(own).memoryBytes(MEMORY_BYTES).vcpus(2).incoming(), own);
        vms.add(target);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(door, one());
            source.await(Phase.CONVERGED);
            source.client().switchMigration();
            VmmMigration failed = awaitFailed(source, "MISMATCH", true);
            assertThat(failed.failure().orElseThrow().message()).contains("vCPUs : 1 (expected: 2");
        }
        source.assertStandsStill(DirtyingGuest.COUNT);
        source.client().resume(MovingVm.EPOCH);
        source.assertRuns(DirtyingGuest.COUNT);
    }

    @Test
    void vmThatEndsWhileItIsSentEndsAsEver() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(1)) {
            source.sendTo(door, SLOW);
            source.await(Phase.COPYING);
            source.client().stop();
            assertThat(source.rig().awaitEnd().cause()).isEqualTo(Cause.KILLED);
            awaitFailed(target, "CUT", false);
            target.client().stop();
            assertThat(target.rig().awaitEnd().cause()).isEqualTo(Cause.KILLED);
        }
    }

    private static VmmSendOptions one() {
        return new VmmSendOptions(1, Optional.empty(), Duration.ofMillis(300), Duration.ofSeconds(2),
                Duration.ofMinutes(5), false, Duration.ofSeconds(10), Duration.ofMinutes(1));
    }

    private static VmmMigration awaitFailed(MovingVm vm, String kind, boolean stopped) throws Exception {
        VmmMigration failed = vm.await(Phase.FAILED);
        assertThat(failed.failure().orElseThrow().kind()).as("%s; %s", failed, vm.rig().log()).isEqualTo(kind);
        assertThat(failed.failure().orElseThrow().stopped()).isEqualTo(stopped);
        return failed;
    }

    /** Permits the switch, if it comes to that. */
    private static VmmMigration awaitEitherFailed(MovingVm vm) throws Exception {
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (true) {
            VmmMigration now = vm.client().migration();
            if (now.phase() == Phase.FAILED) {
                return now;
            }
            if (now.phase() == Phase.CONVERGED) {
                vm.client().switchMigration();
            }
            assertThat(System.nanoTime()).as("deadline; %s", now).isLessThan(until);
        }
    }
}
