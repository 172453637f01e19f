package io.drover.controller.vm;

import io.drover.controller.problem.Problem;
import io.drover.controller.record.Desired;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Task;
import io.drover.controller.record.Vm;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What each request makes of a VM: pure functions of its record. */
public final class VmIntents {
    /** What is said of a migration that a user has called off. */
    private static final String CANCELLED = "cancelled on request";

    private VmIntents() {}

    static Plan start(Vm vm, Instant now) {
        return switch (vm.desired()) {
            case Desired.Deleted() -> new Plan.Refuse(deleting(vm));
            case Desired.Stopped(Duration grace) -> new Plan.Change(vm.askedToRun(now));
            case Desired.Running() -> switch (vm.phase()) {
                case FAILED, STOPPED -> new Plan.Change(vm.askedToRun(now));
                case RUNNING -> new Plan.Settled();
                case PENDING, STARTING, STOPPING, DELETING -> new Plan.Join();
            };
        };
    }

    static Plan stop(Vm vm, Duration grace) {
        return switch (vm.desired()) {
            case Desired.Deleted() -> new Plan.Refuse(deleting(vm));
            case Desired.Running() -> new Plan.Change(vm.askedToStop(new Desired.Stopped(grace)));
            case Desired.Stopped(Duration before) -> {
                if (vm.atRest()) {
                    yield new Plan.Settled();
                }
                // A stop can be made more urgent, not less.
                yield grace.compareTo(before) < 0
                        ? new Plan.Change(vm.askedToStop(new Desired.Stopped(grace)))
                        : new Plan.Join();
            }
        };
    }

    static Plan delete(Vm vm, boolean force, Instant now) {
        if (vm.desired() instanceof Desired.Deleted) {
            return new Plan.Join();
        }
        if (vm.owner().isPresent() && !force) {
            String name = vm.id().resourceName();
            return new Plan.Refuse(new Problem.NotNow("VM_RUNNING", name,
                    name + " is " + vm.phase() + " on " + vm.owner().map(Owner::host).get().resourceName() + " since "
                            + vm.status().since(),
                    "stop it first, or delete it with force"));
        }
        return new Plan.Change(vm.askedToGo(now));
    }

    /** A start can be taken back: the VM is stopped by force, as its guest has hardly begun. Nothing else can. */
    static Plan cancel(Task task, Vm vm) {
        if (task.ofMigration()) {
            return cancelMigration(task, vm);
        }
        boolean starts = task.method().equals("CreateVm") || task.method().equals("StartVm");
        if (!starts || !vm.uid().equals(task.targetUid()) || vm.generation() != task.targetGeneration()
                || !(vm.desired() instanceof Desired.Running)) {
            return new Plan.Refuse(notCancellable(task,
                    starts ? "wait for it" : "wait for it; what it does cannot be taken back half-way"));
        }
        return new Plan.Change(vm.askedToStop(new Desired.Stopped(Duration.ZERO)));
    }

    private static Plan cancelMigration(Task task, Vm vm) {
        if (!vm.uid().equals(task.targetUid())
                || !vm.migration().id().equals(Optional.of(MigrationId.of(task.id())))
                || vm.migration().underWay().isEmpty()) {
            return new Plan.Refuse(notCancellable(task, "wait for it"));
        }
        return cancelMigration(vm);
    }

    /** Of the migration that is under way. */
    public static Plan cancelMigration(Vm vm) {
        if (vm.migration().switching()) {
            String name = vm.migration().id().orElseThrow().resourceName();
            return new Plan.Refuse(new Problem.NotNow("MIGRATION_SWITCHING", name,
                    name + " is switching: the guest is on its way to "
                            + vm.migration().destination().orElseThrow().resourceName(),
                    "wait for its end, which is near"));
        }
        return vm.migration().cancellable() ? new Plan.Change(vm.migrationCancelled(CANCELLED)) : new Plan.Join();
    }

    static Problem notCancellable(Task task, String nextStep) {
        String name = task.id().resourceName();
        return new Problem.NotNow("TASK_NOT_CANCELLABLE", name, name + " (" + task.method() + " of "
                + task.target().resourceName() + ") can no longer be cancelled", nextStep);
    }

    static Problem deleting(Vm vm) {
        String name = vm.id().resourceName();
        return new Problem.NotNow("VM_DELETING", name, name + " is being deleted since " + vm.status().since(),
                "wait until it is gone, then create it again");
    }
}
