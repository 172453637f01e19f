package io.drover.controller.vm;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.problem.Problem;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostResources;
import io.drover.controller.record.SavedGuest;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What requests make of VMs in each of their states. */
final class VmIntentsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final Vm PENDING = Vm.created(new VmId("web-1"), "uid-1",
            new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of()), new Desired.Running(), NOW);
    private static final Vm STARTING = PENDING
            .placed(new Placement(Optional.of(new HostId("h1")), "qemu", 1, 1, 1, Map.of(), "", NOW), NOW);
    private static final Vm RUNNING = STARTING.in(Phase.RUNNING, "", NOW);
    private static final Vm FAILED = RUNNING.ended(new RunEnd(RunEnd.Cause.GUEST_PANICKED, "", NOW), 0, Phase.FAILED,
            NOW);
    private static final Vm STOPPING = RUNNING.askedToStop(new Desired.Stopped(GRACE)).in(Phase.STOPPING, "", NOW);
    private static final Vm STOPPED = STOPPING.ended(new RunEnd(RunEnd.Cause.STOPPED, "", NOW), 0, Phase.STOPPED, NOW);
    private static final Vm DELETING = RUNNING.askedToGo(NOW);

    private static String reason(Plan plan) {
        return ((Problem.NotNow) ((Plan.Refuse) plan).problem()).reason();
    }

    private static Vm changed(Plan plan) {
        return ((Plan.Change) plan).next();
    }

    @Test
    void start() {
        assertThat(VmIntents.start(PENDING, false, NOW)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.start(STARTING, false, NOW)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.start(RUNNING, false, NOW)).isInstanceOf(Plan.Settled.class);
        assertThat(changed(VmIntents.start(FAILED, false, NOW)).phase()).isEqualTo(Phase.PENDING);
        assertThat(changed(VmIntents.start(STOPPED, false, NOW)).generation()).isEqualTo(STOPPED.generation() + 1);
        assertThat(changed(VmIntents.start(STOPPING, false, NOW)).owner()).as("until that run has ended")
                .isEqualTo(STOPPING.owner());
        assertThat(reason(VmIntents.start(DELETING, false, NOW))).isEqualTo("VM_DELETING");
    }

    @Test
    void stop() {
        for (Vm vm : List.of(PENDING, STARTING, RUNNING, FAILED)) {
            assertThat(changed(VmIntents.stop(vm, GRACE)).desired()).isEqualTo(new Desired.Stopped(GRACE));
        }
        assertThat(VmIntents.stop(STOPPED, GRACE)).isInstanceOf(Plan.Settled.class);
        assertThat(VmIntents.stop(STOPPING, GRACE)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.stop(STOPPING, GRACE.plusSeconds(1))).as("a stop is made no less urgent")
                .isInstanceOf(Plan.Join.class);
        assertThat(changed(VmIntents.stop(STOPPING, Duration.ZERO)).desired())
                .isEqualTo(new Desired.Stopped(Duration.ZERO));
        assertThat(reason(VmIntents.stop(DELETING, GRACE))).isEqualTo("VM_DELETING");
    }

    @Test
    void delete() {
        for (Vm vm : List.of(STARTING, RUNNING, STOPPING)) {
            assertThat(reason(VmIntents.delete(vm, false, NOW))).isEqualTo("VM_RUNNING");
            assertThat(changed(VmIntents.delete(vm, true, NOW)).desired()).isEqualTo(new Desired.Deleted());
        }
        for (Vm vm : List.of(PENDING, FAILED, STOPPED)) {
            assertThat(changed(VmIntents.delete(vm, false, NOW)).phase()).isEqualTo(Phase.DELETING);
        }
        assertThat(VmIntents.delete(DELETING, false, NOW)).isInstanceOf(Plan.Join.class);
    }

    @Test
    void cancel() {
        for (Vm vm : List.of(PENDING, STARTING, RUNNING)) {
            assertThat(changed(VmIntents.cancel(task("StartVm", vm), vm, NOW)).desired())
                    .isEqualTo(new Desired.Stopped(Duration.ZERO));
        }
        assertThat(reason(VmIntents.cancel(task("StopVm", STOPPING), STOPPING, NOW))).isEqualTo("TASK_NOT_CANCELLABLE");
        assertThat(reason(VmIntents.cancel(task("DeleteVm", DELETING), DELETING, NOW)))
                .isEqualTo("TASK_NOT_CANCELLABLE");
        assertThat(reason(VmIntents.cancel(task("StartVm", PENDING), STOPPING, NOW))).as("superseded already")
                .isEqualTo("TASK_NOT_CANCELLABLE");
    }

    private static Optional<Host> host(boolean saves) {
        return Optional.of(new Host(new HostId("h1"), Map.of(), "x86_64", "fake", List.of(), 4, 1 << 30, 4, 1 << 30,
                List.of(new Host.Driver("qemu", true, "", saves), new Host.Driver("kvm", true, "", true)), false, false,
                List.of(), Optional.empty(), HostResources.NONE));
    }

    private static final Vm SAVING = RUNNING.askedToSuspend(NOW).in(Phase.SUSPENDING, "", NOW);
    private static final Vm SUSPENDED = SAVING.withSaved(Optional.of(new SavedGuest(new HostId("h1"), 1)))
            .ended(new RunEnd(RunEnd.Cause.SUSPENDED, "", NOW), 0, Phase.SUSPENDED, NOW);

    @Test
    void suspend() {
        assertThat(changed(VmIntents.suspend(RUNNING, host(true), NOW)).desired()).isEqualTo(new Desired.Suspended());
        assertThat(VmIntents.suspend(SAVING, host(true), NOW)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.suspend(SUSPENDED, Optional.empty(), NOW)).isInstanceOf(Plan.Settled.class);
        for (Vm vm : List.of(PENDING, STARTING, FAILED, STOPPING, STOPPED, SUSPENDED.askedToRun(NOW))) {
            assertThat(reason(VmIntents.suspend(vm, host(true), NOW))).isEqualTo("VM_NOT_RUNNING");
        }
        assertThat(reason(VmIntents.suspend(DELETING, host(true), NOW))).isEqualTo("VM_DELETING");
        assertThat(reason(VmIntents.suspend(RUNNING, host(false), NOW))).isEqualTo("SUSPEND_UNSUPPORTED");
        assertThat(reason(VmIntents.suspend(RUNNING, Optional.empty(), NOW))).isEqualTo("SUSPEND_UNSUPPORTED");
        Vm changing = RUNNING.withDevices(RUNNING.spec(), new DeviceChange.Kind.AttachDisk("data"));
        assertThat(reason(VmIntents.suspend(changing, host(true), NOW))).isEqualTo("DEVICE_CHANGE_PENDING");
        Move move = new Move("m-1", new io.drover.scheduler.host.HostId("h1"),
                new io.drover.scheduler.host.HostId("h2"), 1, MoveOptions.AUTO, NOW.toEpochMilli());
        assertThat(reason(VmIntents.suspend(RUNNING.migrating(move), host(true), NOW)))
                .isEqualTo("MIGRATION_UNDER_WAY");
    }

    @Test
    void suspendedVmGoesOnUnlessToldToBootOrStopped() {
        assertThat(changed(VmIntents.start(SUSPENDED, false, NOW)).saved()).isEqualTo(SUSPENDED.saved());
        Vm waiting = SUSPENDED.askedToRun(NOW);
        assertThat(VmIntents.start(waiting, false, NOW)).isInstanceOf(Plan.Join.class);
        for (Vm vm : List.of(SUSPENDED, waiting)) {
            assertThat(changed(VmIntents.start(vm, true, NOW)).saved()).isEmpty();
            assertThat(changed(VmIntents.stop(vm, GRACE)).saved()).isEmpty();
            assertThat(changed(VmIntents.delete(vm, false, NOW)).desired()).isEqualTo(new Desired.Deleted());
        }
        assertThat(changed(VmIntents.stop(SUSPENDED, GRACE)).atRest()).isTrue();
        assertThat(changed(VmIntents.stop(SAVING, GRACE)).desired()).isEqualTo(new Desired.Stopped(GRACE));
        assertThat(changed(VmIntents.start(SAVING, false, NOW)).owner()).as("when it is saved")
                .isEqualTo(SAVING.owner());
        Vm goesOn = waiting.placed(STARTING.placement().orElseThrow(), NOW);
        for (Vm vm : List.of(SAVING, goesOn)) {
            assertThat(reason(VmIntents.start(vm, true, NOW))).isEqualTo("VM_NOT_SETTLED");
        }
    }

    @Test
    void cancelledSuspensionRunsOn() {
        assertThat(changed(VmIntents.cancel(task("SuspendVm", SAVING), SAVING, NOW)).desired())
                .isEqualTo(new Desired.Running());
        assertThat(reason(VmIntents.cancel(task("SuspendVm", SUSPENDED), SUSPENDED, NOW)))
                .isEqualTo("TASK_NOT_CANCELLABLE");
    }

    @Test
    void cancelledStartOfASuspendedVmLeavesItSuspended() {
        Vm waiting = SUSPENDED.askedToRun(NOW);
        Vm back = changed(VmIntents.cancel(task("StartVm", waiting), waiting, NOW));
        assertThat(back.phase()).isEqualTo(Phase.SUSPENDED);
        assertThat(back.saved()).isEqualTo(SUSPENDED.saved());
        Vm goesOn = waiting.placed(STARTING.placement().orElseThrow(), NOW);
        assertThat(reason(VmIntents.cancel(task("StartVm", goesOn), goesOn, NOW))).isEqualTo("TASK_NOT_CANCELLABLE");
    }

    private static Task task(String method, Vm vm) {
        return new Task(new TaskId("t-1"), method, vm.id(), vm.uid(), vm.generation(), "", Sha256.of(new byte[0]),
                new Task.State.Running(), NOW, false);
    }
}
