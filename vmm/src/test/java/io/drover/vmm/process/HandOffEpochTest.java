package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.testing.DirtyingGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Under which epoch a guest runs after the hand-off of a migration, on this machine's KVM. All need leases. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandOffEpochTest {
    private static final int PAGES = 128;
    private static final long OLD = MovingVm.EPOCH;
    private static final long NEW = OLD + 1;

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
        VmmRig rig = new VmmRig(own).memoryBytes(8 << 20).leaseNeeded()
                .kernel(Files.write(own.resolve("guest"), DirtyingGuest.elf(PAGES)));
        MovingVm vm = MovingVm.start(incoming ? rig.incoming() : rig, own);
        vms.add(vm);
        return vm;
    }

    private MovingVm running() throws Exception {
        MovingVm vm = vm(false);
        renew(vm, OLD);
        vm.assertRuns(DirtyingGuest.COUNT);
        return vm;
    }

    private static void renew(MovingVm vm, long epoch) throws Exception {
        vm.client().renewLease(epoch, HostClock.bootNanos() + Duration.ofMinutes(5).toNanos());
    }

    private static void isOfAWrongEpoch(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(VmmRefusedException.class,
                refused -> assertThat(refused.reason()).as(refused.getMessage()).isEqualTo("WRONG_EPOCH"));
    }

    private static void awaitPaused(MovingVm vm) throws Exception {
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (vm.client().status().state() != VmmStatus.State.PAUSED) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(until);
        }
    }

    /** It was let run under the new epoch, and waits for nothing but a lease of that. */
    private static void waitsForItsNewLease(MovingVm vm) throws Exception {
        awaitPaused(vm);
        VmmStatus status = vm.client().status();
        assertThat(status.epoch()).isEqualTo(NEW);
        assertThat(status.lease()).isEqualTo(new VmmLease.Awaited());
        assertThat(status.pauseAsked()).isFalse();
        isOfAWrongEpoch(() -> renew(vm, OLD));
        isOfAWrongEpoch(() -> vm.client().resume(OLD));
        vm.assertStandsStill(DirtyingGuest.COUNT);
    }

    private static void runsUnderTheNewOneAndNoOther(MovingVm vm) throws Exception {
        waitsForItsNewLease(vm);
        renew(vm, NEW);
        vm.assertRuns(DirtyingGuest.COUNT);
        vm.client().resume(NEW);
        isOfAWrongEpoch(() -> vm.client().resume(NEW + 1));
        isOfAWrongEpoch(() -> renew(vm, OLD));
        vm.assertRuns(DirtyingGuest.COUNT);
        assertThat(vm.client().status().lease()).isInstanceOf(VmmLease.Held.class);
        assertThat(vm.peek(DirtyingGuest.LOST)).isZero();
    }

    @Test
    void destinationRunsUnderTheEpochThatTheRecordGaveItOnceItHasItsLease() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        assertThatThrownBy(() -> target.client().resume(NEW)).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("not here yet");
        MovingVm.move(source, target, List.of());
        // An agent that is too early: nothing runs of it, and nothing is broken by it.
        isOfAWrongEpoch(() -> renew(target, NEW));
        target.assertStandsStill(DirtyingGuest.COUNT);
        assertThat(target.client().status().pauseAsked()).isTrue();
        target.client().resume(NEW);
        target.client().resume(NEW);
        runsUnderTheNewOneAndNoOther(target);
    }

    @Test
    void sourceThatGetsTheGuestBackAfterItWasSentRunsItUnderTheNextEpoch() throws Exception {
        MovingVm source = running();
        isOfAWrongEpoch(() -> source.client().resume(NEW));
        MovingVm target = vm(true);
        MovingVm.move(source, target, List.of());
        target.client().stop();
        source.client().resume(NEW);
        runsUnderTheNewOneAndNoOther(source);

        MovingVm next = vm(true);
        MovingVm.move(source, next, List.of());
        next.client().resume(NEW + 1);
        renew(next, NEW + 1);
        next.assertRuns(DirtyingGuest.COUNT);
    }

    /** The record said SWITCHING, but the source's agent never came to say so. */
    @Test
    void sourceThatWasReadyAndNeverSwitchedEndsItsStreamAndRunsOnUnderTheNextEpoch() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(VmmSendOptions.DEFAULT.connections())) {
            source.sendTo(door, VmmSendOptions.DEFAULT);
            source.await(Phase.CONVERGED);
            source.client().resume(NEW);
            VmmMigration failed = source.await(Phase.FAILED);
            assertThat(failed.failure().orElseThrow().kind()).isEqualTo("CANCELLED");
            target.await(Phase.FAILED);
        }
        runsUnderTheNewOneAndNoOther(source);
    }

    @Test
    void sourceTakesAGuestBackThatIsJustBeingSwitched() throws Exception {
        MovingVm source = running();
        MovingVm target = vm(true);
        try (MigrationDoor door = target.receive(VmmSendOptions.DEFAULT.connections())) {
            source.sendTo(door, VmmSendOptions.DEFAULT);
            source.await(Phase.CONVERGED);
            signal(target, "STOP");
            try {
                source.client().switchMigration();
                source.await(Phase.SWITCHING);
                assertThatThrownBy(() -> source.client().resume(OLD)).isInstanceOfSatisfying(VmmRefusedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo("BUSY"));
                source.client().resume(NEW);
                assertThat(source.client().migration().failure().orElseThrow().kind()).isEqualTo("CANCELLED");
            } finally {
                signal(target, "CONT");
            }
            target.await(Phase.FAILED);
        }
        runsUnderTheNewOneAndNoOther(source);
    }

    private static void signal(MovingVm vm, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(vm.rig().process().pid())).start().waitFor())
                .isZero();
    }
}
