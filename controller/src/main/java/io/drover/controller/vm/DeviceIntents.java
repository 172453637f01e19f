package io.drover.controller.vm;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.Desired;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.DeviceChange.Kind;
import io.drover.controller.record.Disk;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmSpec;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What each request for other devices makes of a VM: pure functions of its record. */
final class DeviceIntents {
    /** Disks that came and went since the last run: their names are in the record, which stays small. */
    private static final int MAX_MOVED_DISKS = 4;

    private DeviceIntents() {}

    static Plan attachDisk(Vm vm, Disk disk) throws ProblemException {
        Optional<Problem> obstacle = obstacle(vm);
        if (obstacle.isEmpty() && find(vm, disk.name()).isPresent()) {
            obstacle = Optional.of(taken(vm, "disk " + disk.name()));
        }
        if (obstacle.isEmpty() && vm.devices().removedDisks().contains(disk.name())) {
            obstacle = Optional.of(notNow(vm, "DISK_BEING_REMOVED", "what was in an earlier disk " + disk.name()
                    + " goes when the VM starts the next time", "choose another name, or start the VM first"));
        }
        if (obstacle.isEmpty()) {
            obstacle = moved(vm);
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm, vm.spec().withDisks(Stream.concat(vm.spec().disks().stream(), Stream.of(disk)).toList()),
                        new Kind.AttachDisk(disk.name()));
    }

    static Plan detachDisk(Vm vm, String name, boolean deleteContents, boolean force) throws ProblemException {
        Optional<Plan> urged = force ? urgedDisk(vm, name) : Optional.empty();
        if (urged.isPresent()) {
            return urged.get();
        }
        Optional<Problem> obstacle = obstacle(vm);
        Optional<Disk> disk = find(vm, name);
        if (obstacle.isEmpty() && disk.isEmpty()) {
            obstacle = Optional.of(none(vm, "disk", name));
        }
        if (obstacle.isEmpty() && !deleteContents) {
            obstacle = Optional
                    .of(notNow(vm, "CONTENTS_WOULD_BE_LOST", "a disk is part of its VM: what is in disk " + name
                            + " goes with it, for good", "copy what is to stay, then ask again with delete_contents"));
        }
        if (obstacle.isEmpty()) {
            obstacle = moved(vm);
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm, vm.spec().withDisks(
                        vm.spec().disks().stream().filter(each -> !each.name().equals(name)).toList()),
                        new Kind.DetachDisk(disk.orElseThrow(), force));
    }

    private static Optional<Problem> moved(Vm vm) {
        List<String> names = Stream
                .concat(vm.devices().addedDisks().stream(), vm.devices().removedDisks().stream()).toList();
        return vm.owner().isPresent() || names.size() < MAX_MOVED_DISKS ? Optional.empty()
                : Optional.of(notNow(vm, "TOO_MANY_DISKS_MOVED",
                        "since it ran last, these disks came or went: " + String.join(", ", names),
                        "start the VM first"));
    }

    /** A detachment that waits for the guest is asked for again, by force: the guest is waited for no longer. */
    private static Optional<Plan> urgedDisk(Vm vm, String name) {
        return vm.devices().pending().map(DeviceChange::kind)
                .filter(kind -> kind instanceof Kind.DetachDisk(Disk was, boolean _) && was.name().equals(name))
                .map(kind -> new Plan.Change(
                        vm.withDevices(vm.spec(), new Kind.DetachDisk(((Kind.DetachDisk) kind).was(), true))));
    }

    static Plan resizeDisk(Vm vm, String name, long sizeBytes) throws ProblemException {
        Optional<Problem> obstacle = obstacle(vm);
        Optional<Disk> disk = find(vm, name);
        if (obstacle.isEmpty() && disk.isEmpty()) {
            obstacle = Optional.of(none(vm, "disk", name));
        }
        if (obstacle.isEmpty() && disk.get().readOnly()) {
            obstacle = Optional.of(notNow(vm, "DISK_READ_ONLY", "disk " + name + " is read-only", "leave it as it is"));
        }
        if (obstacle.isEmpty() && disk.get().sizeBytes() == 0 && vm.owner().isEmpty()) {
            obstacle = Optional.of(notNow(vm, "SIZE_UNKNOWN",
                    "disk " + name + " has the size of its image, which only the VM's host knows",
                    "resize it while the VM runs"));
        }
        if (obstacle.isPresent()) {
            return new Plan.Refuse(obstacle.get());
        }
        if (sizeBytes < disk.get().sizeBytes()) {
            throw ProblemException.invalid("size_bytes",
                    sizeBytes + " (expected: at least " + disk.get().sizeBytes() + ", what the disk has)");
        }
        return changed(vm, replaced(vm.spec(), disk.get().withSize(sizeBytes)),
                new Kind.ResizeDisk(name, disk.get().sizeBytes()));
    }

    static Plan setDiskLimits(Vm vm, String name, Disk.Limits limits) throws ProblemException {
        Optional<Problem> obstacle = obstacle(vm);
        Optional<Disk> disk = find(vm, name);
        if (obstacle.isEmpty() && disk.isEmpty()) {
            obstacle = Optional.of(none(vm, "disk", name));
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm, replaced(vm.spec(), disk.orElseThrow().withLimits(limits)),
                        new Kind.SetDiskLimits(name, disk.get().limits()));
    }

    static Plan attachNic(Vm vm, Nic nic) throws ProblemException {
        Optional<Problem> obstacle = obstacle(vm);
        if (obstacle.isEmpty() && vm.spec().nics().stream().anyMatch(each -> each.name().equals(nic.name()))) {
            obstacle = Optional.of(taken(vm, "nic " + nic.name()));
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm, vm.spec().withNics(Stream.concat(vm.spec().nics().stream(), Stream.of(nic)).toList()),
                        new Kind.AttachNic(nic.name()));
    }

    static Plan detachNic(Vm vm, String name, boolean force) throws ProblemException {
        Optional<Nic> leaving = vm.devices().pending().map(DeviceChange::kind)
                .filter(kind -> kind instanceof Kind.DetachNic(Nic was, boolean _) && was.name().equals(name))
                .map(kind -> ((Kind.DetachNic) kind).was());
        if (force && leaving.isPresent()) {
            return new Plan.Change(vm.withDevices(vm.spec(), new Kind.DetachNic(leaving.get(), true)));
        }
        Optional<Problem> obstacle = obstacle(vm);
        Optional<Nic> nic = vm.spec().nics().stream().filter(each -> each.name().equals(name)).findFirst();
        if (obstacle.isEmpty() && nic.isEmpty()) {
            obstacle = Optional.of(none(vm, "nic", name));
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm,
                        vm.spec().withNics(
                                vm.spec().nics().stream().filter(each -> !each.name().equals(name)).toList()),
                        new Kind.DetachNic(nic.orElseThrow(), force));
    }

    static Plan setMemoryTarget(Vm vm, long bytes) throws ProblemException {
        Optional<Problem> obstacle = obstacle(vm);
        if (obstacle.isEmpty() && !vm.spec().devices().balloon()) {
            obstacle = Optional.of(notNow(vm, "NO_BALLOON", vm.id().resourceName() + " has no balloon",
                    "create the VM with one"));
        }
        return obstacle.isPresent() ? new Plan.Refuse(obstacle.get())
                : changed(vm, vm.spec().withMemoryTarget(bytes),
                        new Kind.SetMemoryTarget(vm.spec().memoryTargetBytes()));
    }

    /** Held to all that holds for the spec of a new VM. */
    private static Plan changed(Vm vm, VmSpec next, Kind kind) throws ProblemException {
        Violations violations = new Violations();
        VmSpecs.read(VmSpecs.asked(next), "vm.spec", violations);
        violations.throwIfAny();
        Vm changed = vm.withDevices(next, kind);
        return vm.owner().isEmpty() ? new Plan.Changed(changed) : new Plan.Change(changed);
    }

    private static VmSpec replaced(VmSpec spec, Disk disk) {
        return spec.withDisks(
                spec.disks().stream().map(each -> each.name().equals(disk.name()) ? disk : each).toList());
    }

    private static Optional<Disk> find(Vm vm, String name) {
        List<Disk> disks = vm.spec().disks();
        return disks.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    /** One change of what runs is made at a time, and its task says how far it is. */
    private static Optional<Problem> obstacle(Vm vm) {
        if (vm.desired() instanceof Desired.Deleted) {
            return Optional.of(VmIntents.deleting(vm));
        }
        Optional<Problem> suspended = VmIntents.suspended(vm);
        if (suspended.isPresent()) {
            return suspended;
        }
        if (vm.migration().underWay().isPresent()) {
            String id = vm.migration().id().orElseThrow().value();
            return Optional.of(notNow(vm, "MIGRATION_UNDER_WAY", vm.id().resourceName() + " is migrating to "
                    + vm.migration().destination().orElseThrow().resourceName(),
                    "wait for that, or cancel it: `drover migration cancel " + id + "`"));
        }
        return vm.owner().isEmpty() ? Optional.empty()
                : vm.devices().pending().map(change -> notNow(vm, "DEVICE_CHANGE_PENDING",
                        vm.id().resourceName() + " is being changed already: " + change.text(),
                        "wait for that; a detachment that the guest does not answer can be asked for again with force"));
    }

    private static Problem none(Vm vm, String what, String name) {
        return notNow(vm, "NO_SUCH_DEVICE", vm.id().resourceName() + " has no " + what + " " + name,
                "look what it has: GetVm");
    }

    private static Problem taken(Vm vm, String what) {
        return notNow(vm, "DEVICE_EXISTS", vm.id().resourceName() + " has a " + what + " already",
                "choose another name");
    }

    private static Problem notNow(Vm vm, String reason, String message, String nextStep) {
        return new Problem.NotNow(reason, vm.id().resourceName(), message, nextStep);
    }
}
