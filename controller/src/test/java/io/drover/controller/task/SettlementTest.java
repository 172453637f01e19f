package io.drover.controller.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Vm;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmMigration;
import io.drover.controller.record.VmSpec;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** When tasks end, and how. */
final class SettlementTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final VmId VM = new VmId("web-1");
    private static final Vm PENDING = Vm.created(VM, "uid-1",
            new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of()), new Desired.Running(), NOW);
    private static final Vm STARTING = PENDING
            .placed(new Placement(Optional.of(new HostId("h1")), "qemu", 1, 1, 1, Map.of(), "", NOW), NOW);
    private static final Vm RUNNING = STARTING.in(Phase.RUNNING, "", NOW);

    private static Task task(String method, long generation) {
        return new Task(new TaskId("t-" + method.toLowerCase(java.util.Locale.ROOT) + generation), method, VM, "uid-1",
                generation,
                "", Sha256.of(new byte[0]), new Task.State.Running(), NOW, false);
    }

    private static Optional<Task.State> end(Task task, Vm vm) {
        return Settlement.end(task, Optional.of(vm), Optional.empty(), NOW);
    }

    private static Vm ended(RunEnd.Cause cause, Phase then) {
        return RUNNING.ended(new RunEnd(cause, "why", NOW), 0, then, NOW);
    }

    @Test
    void startEndsWhenTheVmRuns() {
        for (String method : List.of("CreateVm", "StartVm")) {
            assertThat(end(task(method, 1), PENDING)).isEmpty();
            assertThat(end(task(method, 1), STARTING)).isEmpty();
            assertThat(end(task(method, 1), RUNNING)).contains(new Task.State.Succeeded(NOW));
        }
    }

    @Test
    void startThatFailedSaysWhyAndWhatToDo() {
        for (RunEnd.Cause cause : List.of(RunEnd.Cause.START_FAILED, RunEnd.Cause.GUEST_PANICKED,
                RunEnd.Cause.VMM_FAILED)) {
            Task.State state = end(task("StartVm", 1), ended(cause, Phase.FAILED)).orElseThrow();
            Task.Fault fault = ((Task.State.Failed) state).fault();
            assertThat(fault.reason()).isEqualTo(cause.name());
            assertThat(fault.message()).contains("vms/web-1").contains("hosts/h1").contains("why");
            assertThat(fault.nextStep()).isNotEmpty();
        }
    }

    @Test
    void startOfAGuestThatIsOffAgainSucceeded() {
        Vm off = RUNNING.turnedOff().ended(new RunEnd(RunEnd.Cause.GUEST_POWERED_OFF, "S5", NOW), 0, Phase.STOPPED,
                NOW);
        assertThat(end(task("StartVm", 1), off)).contains(new Task.State.Succeeded(NOW));
    }

    @Test
    void suspensionEndsWhenTheVmIsSavedOrRunsOn() {
        Vm saving = RUNNING.askedToSuspend(NOW);
        Task task = task("SuspendVm", 2);
        assertThat(end(task, RUNNING)).as("read before the record").isEmpty();
        assertThat(end(task, saving.in(Phase.SUSPENDING, "", NOW))).isEmpty();
        RunEnd saved = new RunEnd(RunEnd.Cause.SUSPENDED, "saved", NOW);
        assertThat(end(task, saving.ended(saved, 0, Phase.SUSPENDED, NOW))).contains(new Task.State.Succeeded(NOW));
        Task.Fault runsOn = ((Task.State.Failed) end(task, saving.notSuspended("disk full", NOW)).orElseThrow())
                .fault();
        assertThat(runsOn.reason()).isEqualTo("NOT_SUSPENDED");
        assertThat(runsOn.message()).contains("vms/web-1", "RUNNING", "disk full");
        RunEnd failed = new RunEnd(RunEnd.Cause.VMM_FAILED, "gone", NOW);
        assertThat(end(task, saving.ended(failed, 0, Phase.FAILED, NOW))).containsInstanceOf(Task.State.Failed.class);
        assertThat(end(task, saving.turnedOff().ended(saved, 0, Phase.STOPPED, NOW)))
                .containsInstanceOf(Task.State.Cancelled.class);
    }

    @Test
    void cancelledSuspensionEndsWhenTheVmRunsOnOrItWasTooLate() {
        Vm saving = RUNNING.askedToSuspend(NOW).in(Phase.SUSPENDING, "", NOW).askedToRun(NOW);
        Task task = task("SuspendVm", 2).cancelledBy(saving.generation());
        assertThat(end(task, saving)).isEmpty();
        assertThat(end(task, saving.in(Phase.RUNNING, "", NOW))).containsInstanceOf(Task.State.Cancelled.class);
        RunEnd saved = new RunEnd(RunEnd.Cause.SUSPENDED, "saved", NOW);
        assertThat(end(task, saving.ended(saved, 0, Phase.PENDING, NOW))).as("it is started again").isEmpty();
    }

    @Test
    void startThatCannotGoOnSaysHowToGiveUpWhatWasSaved() {
        Task.State state = end(task("StartVm", 1), ended(RunEnd.Cause.SUSPENDED, Phase.FAILED)).orElseThrow();
        Task.Fault fault = ((Task.State.Failed) state).fault();
        assertThat(fault.reason()).isEqualTo("CANNOT_GO_ON");
        assertThat(fault.nextStep()).contains("drover vm start --discard-saved web-1");
    }

    @Test
    void stopEndsWhenNoHostMayRunIt() {
        Vm stopping = RUNNING.askedToStop(new Desired.Stopped(Duration.ZERO)).in(Phase.STOPPING, "", NOW);
        assertThat(end(task("StopVm", 2), stopping)).isEmpty();
        assertThat(
                end(task("StopVm", 2), stopping.ended(new RunEnd(RunEnd.Cause.KILLED, "", NOW), 0, Phase.STOPPED, NOW)))
                .contains(new Task.State.Succeeded(NOW));
    }

    @Test
    void deleteEndsWhenTheRecordIsGoneAndTakesTheOthersWithIt() {
        assertThat(end(task("DeleteVm", 2), RUNNING.askedToGo(NOW))).isEmpty();
        assertThat(Settlement.end(task("DeleteVm", 2), Optional.empty(), Optional.empty(), NOW))
                .contains(new Task.State.Succeeded(NOW));
        Task.State start = Settlement.end(task("StartVm", 1), Optional.empty(), Optional.empty(), NOW).orElseThrow();
        assertThat(((Task.State.Cancelled) start).fault().reason()).isEqualTo("VM_DELETED");
    }

    @Test
    void newerTaskSupersedesAndIsNamed() {
        Task stop = task("StopVm", 2);
        Task.State state = Settlement
                .end(task("StartVm", 1), Optional.of(PENDING.askedToStop(new Desired.Stopped(Duration.ZERO))),
                        Optional.of(stop), NOW)
                .orElseThrow();
        Task.Fault fault = ((Task.State.Cancelled) state).fault();
        assertThat(fault.reason()).isEqualTo("SUPERSEDED");
        assertThat(fault.message()).contains(stop.id().resourceName());
    }

    @Test
    void cancelledStartEndsWhenTheVmIsStopped() {
        Vm stopping = STARTING.askedToStop(new Desired.Stopped(Duration.ZERO));
        Task cancelled = task("StartVm", 1).cancelledBy(stopping.generation());
        assertThat(end(cancelled, stopping)).isEmpty();
        Vm stopped = stopping.ended(new RunEnd(RunEnd.Cause.KILLED, "", NOW), 0, Phase.STOPPED, NOW);
        assertThat(end(cancelled, stopped)).containsInstanceOf(Task.State.Cancelled.class);
    }

    @Test
    void migrationsEndWithTheirOwnAndGetInTheWayOfNothing() {
        Task task = task("MigrateVm", 1);
        Move move = new Move(MigrationId.of(task.id()).value(), new io.drover.scheduler.host.HostId("h1"),
                new io.drover.scheduler.host.HostId("h2"), 1, MoveOptions.AUTO, NOW.toEpochMilli());
        assertThat(end(task, RUNNING)).as("read before the record").isEmpty();
        Vm moving = RUNNING.migrating(move);
        assertThat(end(task, moving)).isEmpty();
        assertThat(end(task, latest(new Migration.Committed(move), ""))).contains(new Task.State.Succeeded(NOW));
        Task.State failed = end(task, latest(new Migration.Failed(move, "cut"), "")).orElseThrow();
        assertThat(((Task.State.Failed) failed).fault().message()).contains("not moved to hosts/h2: cut");
        Task.State refused = end(task, latest(new Migration.Failed(move, "cancelled"), "no room")).orElseThrow();
        assertThat(((Task.State.Failed) refused).fault().message()).contains("no room");
        assertThat(end(task.cancelledBy(1), latest(new Migration.Failed(move, "cancelled"), "asked")))
                .containsInstanceOf(Task.State.Cancelled.class);
        Move later = new Move("m-later", move.source(), move.destination(), 1, MoveOptions.AUTO,
                NOW.toEpochMilli() + 1);
        assertThat(end(task, RUNNING.migrating(later))).containsInstanceOf(Task.State.Failed.class);
        Task stop = task("StopVm", 2);
        List<Versioned<Task>> both = List.of(new Versioned<>(task, 0), new Versioned<>(stop, 0));
        Vm stopping = moving.askedToStop(new Desired.Stopped(Duration.ZERO));
        assertThat(Settlement.of(both, Optional.of(stopping), NOW)).as("neither supersedes the other").isEmpty();
        assertThat(stopping.migration().cancelReason()).isEqualTo("the VM is to be stopped");
    }

    private static Vm latest(Migration migration, String cancelReason) {
        return new Vm(RUNNING.id(), RUNNING.uid(), RUNNING.generation(), RUNNING.spec(), RUNNING.desired(),
                RUNNING.owner(), RUNNING.lastEpoch(), RUNNING.status(), RUNNING.lastEnd(), RUNNING.placement(),
                RUNNING.created(), RUNNING.reboots(), RUNNING.refusals(), RUNNING.remains(), RUNNING.disksHost(),
                RUNNING.saved(), RUNNING.devices(), new VmMigration(migration, cancelReason, Optional.empty()));
    }
}
