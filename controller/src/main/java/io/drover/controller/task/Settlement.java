package io.drover.controller.task;

import com.google.rpc.Code;
import io.drover.controller.record.Desired;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.DeviceState;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Change;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** When a task has ended, and how: a pure function of the task, of the VM's record and of the other tasks on that VM. */
public final class Settlement {
    private Settlement() {}

    /**
     * The tasks that end with this state of their VM.
     *
     * @param running all tasks of that VM's name that have not ended
     * @param vm empty when there is no such VM (any more)
     */
    public static List<Change> of(List<Versioned<Task>> running, Optional<Vm> vm, Instant now) {
        List<Change> ended = new ArrayList<>();
        for (Versioned<Task> task : running) {
            Optional<Task> newer = running.stream().map(Versioned::value)
                    .filter(other -> other.ofPower() && task.value().ofPower()
                            && other.targetUid().equals(task.value().targetUid())
                            && other.targetGeneration() > task.value().targetGeneration())
                    .findFirst();
            end(task.value(), vm, newer, now)
                    .ifPresent(state -> ended.add(new Change.Put(task.value().ended(state), task.version())));
        }
        return ended;
    }

    /**
     * How a task ends now.
     *
     * @param newer a task on the same VM that wants something else
     * @return empty while it has not ended
     */
    static Optional<Task.State> end(Task task, Optional<Vm> found, Optional<Task> newer, Instant now) {
        Optional<Vm> same = found.filter(vm -> vm.uid().equals(task.targetUid()));
        if (same.isEmpty()) {
            return Optional.of(task.method().equals("DeleteVm")
                    ? new Task.State.Succeeded(now)
                    : new Task.State.Cancelled(new Task.Fault(Code.ABORTED_VALUE, "VM_DELETED",
                            task.target().resourceName() + " was deleted meanwhile", ""), now));
        }
        if (newer.isPresent()) {
            return Optional.of(superseded(task, newer.get(), now));
        }
        Vm vm = same.get();
        if (task.ofMigration()) {
            return migrated(task, vm, now);
        }
        if (task.ofDevices()) {
            return devicesChanged(task, vm, now);
        }
        if (vm.generation() < task.targetGeneration()) {
            // The task was read before the VM's newest record.
            return Optional.empty();
        }
        return switch (task.method()) {
            case "CreateVm", "StartVm" -> task.cancelRequested() ? cancelled(task, vm, now) : started(task, vm, now);
            case "StopVm" -> stopped(task, vm, now);
            case "SuspendVm" -> task.cancelRequested() ? runsOn(task, vm, now) : suspended(task, vm, now);
            // Ends when the record goes.
            default -> Optional.empty();
        };
    }

    private static Optional<Task.State> cancelled(Task task, Vm vm, Instant now) {
        return vm.atRest() || vm.generation() > task.targetGeneration()
                ? Optional.of(new Task.State.Cancelled(new Task.Fault(Code.CANCELLED_VALUE, "CANCELLED",
                        task.method() + " of " + task.target().resourceName() + " was cancelled; the VM is "
                                + (vm.phase() == Phase.SUSPENDED ? "suspended" : "stopped"),
                        "start it with StartVm, or delete it"), now))
                : Optional.empty();
    }

    private static Optional<Task.State> started(Task task, Vm vm, Instant now) {
        if (vm.phase() == Phase.FAILED && vm.owner().isEmpty()) {
            return Optional.of(new Task.State.Failed(fault(task, vm), now));
        }
        if (vm.atRest()) {
            // Made stopped, as asked; or it ran and its guest has powered it off already.
            return Optional.of(new Task.State.Succeeded(now));
        }
        if (vm.desired() instanceof Desired.Running && vm.phase() == Phase.RUNNING) {
            return Optional.of(new Task.State.Succeeded(now));
        }
        return vm.generation() > task.targetGeneration()
                ? Optional.of(superseded(task, "a later request", "look at " + task.target().resourceName(), now))
                : Optional.empty();
    }

    /** A run has the change or cannot have it; what does not run has it from its next start on. */
    private static Optional<Task.State> devicesChanged(Task task, Vm vm, Instant now) {
        DeviceState devices = vm.devices();
        if (devices.generation() < task.targetGeneration()) {
            return Optional.empty();
        }
        Optional<DeviceChange> change = devices.change()
                .filter(each -> each.generation() == task.targetGeneration());
        if (change.isEmpty()) {
            return Optional.of(new Task.State.Succeeded(now));
        }
        return change.get().failure().map(why -> new Task.State.Failed(new Task.Fault(Code.FAILED_PRECONDITION_VALUE,
                "DEVICE_CHANGE_FAILED", task.target().resourceName() + " stays as it was: " + why,
                "mend that and ask again, or change the VM while it is stopped"), now));
    }

    /** The record tells of the task's own migration, or of a later one if the leader has not seen its end in time. */
    private static Optional<Task.State> migrated(Task task, Vm vm, Instant now) {
        Optional<Move> attempt = vm.migration().attempt();
        String name = MigrationId.of(task.id()).resourceName();
        if (!vm.migration().id().equals(Optional.of(MigrationId.of(task.id())))) {
            return attempt.filter(move -> move.startedUnixMillis() > task.created().toEpochMilli())
                    .map(later -> new Task.State.Failed(new Task.Fault(Code.UNKNOWN_VALUE, "MIGRATION_FORGOTTEN",
                            "the VM has migrated again since, and it is not known how " + name + " ended",
                            "look at " + task.target().resourceName()), now));
        }
        return switch (vm.migration().latest()) {
            case Migration.UnderWay _ -> Optional.empty();
            case Migration.None() -> Optional.empty();
            case Migration.Committed _ -> Optional.of(new Task.State.Succeeded(now));
            case Migration.Failed(Move move, String why) -> {
                String reason = vm.migration().cancelReason().isEmpty() ? why : vm.migration().cancelReason();
                String text = task.target().resourceName() + " was not moved to hosts/" + move.destination()
                        + (reason.isEmpty() ? "" : ": " + reason);
                yield Optional.of(task.cancelRequested()
                        ? new Task.State.Cancelled(new Task.Fault(Code.CANCELLED_VALUE, "CANCELLED", text, ""), now)
                        : new Task.State.Failed(new Task.Fault(Code.ABORTED_VALUE, "MIGRATION_FAILED", text,
                                "`drover migration get " + MigrationId.of(task.id()) + "` has more"), now));
            }
        };
    }

    private static Optional<Task.State> stopped(Task task, Vm vm, Instant now) {
        if (vm.atRest()) {
            return Optional.of(new Task.State.Succeeded(now));
        }
        return vm.generation() > task.targetGeneration()
                ? Optional.of(superseded(task, "a later request", "look at " + task.target().resourceName(), now))
                : Optional.empty();
    }

    /** A suspension that was cancelled. */
    private static Optional<Task.State> runsOn(Task task, Vm vm, Instant now) {
        boolean settled = vm.phase() == Phase.RUNNING || vm.atRest() || vm.generation() > task.targetGeneration();
        return settled ? Optional.of(new Task.State.Cancelled(new Task.Fault(Code.CANCELLED_VALUE, "CANCELLED",
                task.method() + " of " + task.target().resourceName() + " was cancelled; the VM is " + vm.phase(), ""),
                now)) : Optional.empty();
    }

    private static Optional<Task.State> suspended(Task task, Vm vm, Instant now) {
        if (vm.phase() == Phase.SUSPENDED && vm.owner().isEmpty()) {
            return Optional.of(new Task.State.Succeeded(now));
        }
        if (vm.generation() > task.targetGeneration()) {
            return Optional.of(superseded(task, "a later request, or the guest powered itself off",
                    "look at " + task.target().resourceName(), now));
        }
        // It runs on, or it has ended in another way.
        return vm.desired() instanceof Desired.Suspended && !vm.atRest() ? Optional.empty()
                : Optional.of(new Task.State.Failed(new Task.Fault(Code.FAILED_PRECONDITION_VALUE, "NOT_SUSPENDED",
                        task.target().resourceName() + " was not saved, and is " + vm.phase() + ": "
                                + vm.status().message(),
                        "mend that and ask again"), now));
    }

    /** The end of a task on a VM of which a newer task wants something else. */
    public static Task.State superseded(Task task, Task by, Instant now) {
        String name = by.id().resourceName();
        return superseded(task, by.method() + " (" + name + ")", "wait for " + name, now);
    }

    private static Task.State superseded(Task task, String by, String nextStep, Instant now) {
        return new Task.State.Cancelled(new Task.Fault(Code.ABORTED_VALUE, "SUPERSEDED",
                task.method() + " of " + task.target().resourceName() + " was superseded by " + by, nextStep), now);
    }

    private static Task.Fault fault(Task task, Vm vm) {
        RunEnd.Cause cause = vm.lastEnd().map(RunEnd::cause).orElse(RunEnd.Cause.START_FAILED);
        String message = vm.lastEnd().map(RunEnd::message).orElse(vm.status().message());
        String host = vm.placement().flatMap(io.drover.controller.record.Placement::host)
                .or(() -> vm.owner().map(Owner::host)).map(id -> " on " + id.resourceName()).orElse("");
        String what = task.target().resourceName() + " failed" + host + ": " + message;
        String log = "read its log (`drover vm logs " + task.target() + "`), then start it again";
        return switch (cause) {
            case START_FAILED -> new Task.Fault(Code.FAILED_PRECONDITION_VALUE, "START_FAILED", what,
                    "mend the image or the command line, then start it again");
            case HOST_FAILED -> new Task.Fault(Code.UNAVAILABLE_VALUE, "HOST_FAILED",
                    task.target().resourceName() + " failed: " + vm.status().message(),
                    "look at the logs of the agents there, then start it again");
            case GUEST_PANICKED -> new Task.Fault(Code.ABORTED_VALUE, "GUEST_PANICKED", what, log);
            case SUSPENDED -> new Task.Fault(Code.FAILED_PRECONDITION_VALUE, "CANNOT_GO_ON", what,
                    "mend that and start it again, or give up what was saved: `drover vm start --discard-saved "
                            + task.target() + "`");
            case VMM_FAILED, GUEST_POWERED_OFF, GUEST_REBOOTED, STOPPED, KILLED ->
                new Task.Fault(Code.INTERNAL_VALUE, "VMM_FAILED", what, log);
        };
    }
}
