package io.drover.controller.vm;

import io.drover.controller.problem.Problem;
import io.drover.controller.record.Desired;
import io.drover.controller.record.Host;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
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

    /**
     * It is to run.
     *
     * @param discardSaved what was saved of its guest is thrown away, so that it boots
     */
    static Plan start(Vm vm, boolean discardSaved, Instant now) {
        if (vm.desired() instanceof Desired.Deleted) {
            return new Plan.Refuse(deleting(vm));
        }
        boolean saving = vm.desired() instanceof Desired.Suspended && vm.owner().isPresent();
        boolean goesOn = vm.saved().isPresent() && vm.owner().isPresent();
        if (discardSaved && (saving || goesOn)) {
            return new Plan.Refuse(new Problem.NotNow("VM_NOT_SETTLED", vm.id().resourceName(),
                    vm.id().resourceName() + " is " + vm.phase() + " since " + vm.status().since()
                            + ": what is saved of it is in use",
                    "wait for that, or stop the VM, then start it"));
        }
        Vm from = discardSaved ? vm.withSaved(Optional.empty()) : vm;
        return switch (vm.desired()) {
            case Desired.Stopped _,Desired.Suspended _,Desired.Deleted _ -> new Plan.Change(from.askedToRun(now));
            case Desired.Running() -> switch (vm.phase()) {
                case FAILED, STOPPED, SUSPENDED -> new Plan.Change(from.askedToRun(now));
                case RUNNING -> new Plan.Settled();
                case PENDING -> from.equals(vm) ? new Plan.Join() : new Plan.Change(from.askedToRun(now));
                case STARTING, STOPPING, DELETING, SUSPENDING -> new Plan.Join();
            };
        };
    }

    /**
     * It is to be saved.
     *
     * @param host of the owner, if it has a record
     */
    static Plan suspend(Vm vm, Optional<Host> host, Instant now) {
        String name = vm.id().resourceName();
        return switch (vm.desired()) {
            case Desired.Deleted() -> new Plan.Refuse(deleting(vm));
            case Desired.Suspended() -> vm.phase() == Phase.SUSPENDED ? new Plan.Settled()
                    : vm.owner().isPresent() ? new Plan.Join() : new Plan.Refuse(notRunning(vm));
            case Desired.Stopped _ -> new Plan.Refuse(notRunning(vm));
            case Desired.Running() -> {
                if (vm.owner().isEmpty() || vm.phase() != Phase.RUNNING) {
                    yield new Plan.Refuse(notRunning(vm));
                }
                String driver = vm.placement().map(Placement::driver).orElse("");
                if (host.filter(known -> known.saves(driver)).isEmpty()) {
                    yield new Plan.Refuse(new Problem.NotNow("SUSPEND_UNSUPPORTED", name,
                            "driver " + driver + " of " + vm.owner().get().host().resourceName()
                                    + " does not save VMs to disk",
                            driver.equals("kvm") ? "upgrade the agent there, or stop the VM"
                                    : "stop the VM; driver kvm saves VMs"));
                }
                if (vm.migration().underWay().isPresent()) {
                    yield new Plan.Refuse(new Problem.NotNow("MIGRATION_UNDER_WAY", name, name + " is migrating to "
                            + vm.migration().destination().orElseThrow().resourceName(),
                            "wait for that, or cancel it: `drover migration cancel "
                                    + vm.migration().id().orElseThrow().value() + "`"));
                }
                yield vm.devices().pending()
                        .<Plan>map(change -> new Plan.Refuse(new Problem.NotNow("DEVICE_CHANGE_PENDING", name,
                                name + " is being changed: " + change.text(), "wait for that")))
                        .orElseGet(() -> new Plan.Change(vm.askedToSuspend(now)));
            }
        };
    }

    private static Problem notRunning(Vm vm) {
        String name = vm.id().resourceName();
        return new Problem.NotNow("VM_NOT_RUNNING", name,
                name + " is " + vm.phase() + " since " + vm.status().since() + ": only a guest that runs can be saved",
                "wait until it runs, or start it");
    }

    /** Obstacle to whatever would make of the VM something that its saved guest does not know. */
    public static Optional<Problem> suspended(Vm vm) {
        String name = vm.id().resourceName();
        boolean is = vm.saved().isPresent() || vm.desired() instanceof Desired.Suspended
                || vm.phase() == Phase.SUSPENDING;
        return is ? Optional.of(new Problem.NotNow("VM_SUSPENDED", name,
                name + " is " + vm.phase() + " since " + vm.status().since()
                        + ": its saved guest would not find what it knows",
                "start it first; or stop it, which throws away what was saved")) : Optional.empty();
    }

    static Plan stop(Vm vm, Duration grace) {
        return switch (vm.desired()) {
            case Desired.Deleted() -> new Plan.Refuse(deleting(vm));
            case Desired.Running(),Desired.Suspended() ->
                new Plan.Change(vm.askedToStop(new Desired.Stopped(grace)));
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

    /**
     * A start can be taken back: the VM is stopped by force, as its guest has hardly begun, or stays suspended. So can a
     * suspension: the VM runs on. Nothing else can.
     */
    static Plan cancel(Task task, Vm vm, Instant now) {
        if (task.ofMigration()) {
            return cancelMigration(task, vm);
        }
        if (task.method().equals("SuspendVm") && vm.uid().equals(task.targetUid())
                && vm.generation() == task.targetGeneration() && vm.desired() instanceof Desired.Suspended
                && vm.owner().isPresent()) {
            return new Plan.Change(vm.askedToRun(now));
        }
        boolean starts = task.method().equals("CreateVm") || task.method().equals("StartVm");
        if (!starts || !vm.uid().equals(task.targetUid()) || vm.generation() != task.targetGeneration()
                || !(vm.desired() instanceof Desired.Running)) {
            return new Plan.Refuse(notCancellable(task,
                    starts ? "wait for it" : "wait for it; what it does cannot be taken back half-way"));
        }
        if (vm.saved().isPresent()) {
            return vm.owner().isEmpty() ? new Plan.Change(vm.askedToSuspend(now)) : new Plan.Refuse(notCancellable(task,
                    "wait for it: its guest is about to go on from what was saved"));
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
