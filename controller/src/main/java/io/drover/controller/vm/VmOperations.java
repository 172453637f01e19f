package io.drover.controller.vm;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Desired;
import io.drover.controller.record.Disk;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.task.RequestMark;
import io.drover.controller.task.Settlement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What users ask of VMs, as intents in the records: the VM's new intent and the task that follows it are one transaction.
 * Any controller may do this; the one that leads carries it out.
 */
public final class VmOperations {
    /** More than this at once on one VM is a fight, not a race. */
    private static final int ATTEMPTS = 10;

    private final Store store;
    private final Clock clock;

    public VmOperations(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    Task create(RequestMark mark, VmId id, VmSpec spec, Desired desired, boolean validateOnly)
            throws ProblemException, InterruptedException {
        TaskId taskId = mark.task();
        Optional<Task> known = mark.earlier(taskId, store.view());
        if (known.isPresent()) {
            return known.get();
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            List<Versioned<Image>> images = images(spec);
            Optional<Versioned<CpuModel>> cpuModel = cpuModel(spec);
            Optional<Versioned<Vm>> taken = store.view().vm(id);
            if (taken.isPresent()) {
                throw taken(taken.get().value());
            }
            Instant now = clock.instant();
            Vm vm = Vm.created(id, UUID.randomUUID().toString(), spec, desired, now);
            Task task = task(mark, taskId, vm, vm.desired() instanceof Desired.Stopped, now);
            if (validateOnly) {
                return task;
            }
            try {
                List<Change> changes = new ArrayList<>();
                images.forEach(image -> changes.add(new Change.Check(image.value().id(), image.version())));
                cpuModel.ifPresent(model -> changes.add(new Change.Check(model.value().id(), model.version())));
                changes.add(new Change.Create(vm));
                changes.add(new Change.Create(task));
                store.commitAndWait(changes);
                return task;
            } catch (CommitException.Conflict e) {
                if (e.exists() && e.key().equals(id) && store.view().vm(id).isEmpty()) {
                    // The name is there but this program cannot read its record.
                    throw new ProblemException(new Problem.AlreadyExists(id.resourceName(),
                            "upgrade this controller: it cannot read that record"), e);
                }
                Optional<Task> other = mark.earlier(taskId, store.view());
                if (other.isPresent()) {
                    return other.get();
                }
            } catch (CommitException e) {
                throw ProblemException.of(e, id.resourceName());
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    private static ProblemException taken(Vm vm) {
        return new ProblemException(new Problem.AlreadyExists(vm.id().resourceName(),
                vm.desired() instanceof Desired.Deleted
                        ? "it is being deleted; wait until it is gone"
                        : "choose another name, or delete it first"));
    }

    /** The CPU model of a spec, if it has one. */
    Optional<Versioned<CpuModel>> cpuModel(VmSpec spec) throws ProblemException {
        if (spec.cpuModel().isEmpty()) {
            return Optional.empty();
        }
        CpuModelId id = spec.cpuModel().get();
        return Optional.of(store.view().cpuModel(id)
                .orElseThrow(() -> ProblemException.notFound(id.resourceName())));
    }

    /** The images of a spec, each once, if a VM can be made of them. */
    List<Versioned<Image>> images(VmSpec spec) throws ProblemException {
        Map<ImageId, Versioned<Image>> images = new LinkedHashMap<>();
        images.put(spec.image(), bootable(spec));
        for (int index = 0; index < spec.disks().size(); index++) {
            Disk disk = spec.disks().get(index);
            if (disk.image().isPresent()) {
                images.put(disk.image().get(), imageOf(disk, disk.image().get(), "vm.spec.disks[" + index + "]"));
            }
        }
        return List.copyOf(images.values());
    }

    /** What a disk begins as, if it can. What a qcow2 image says itself of its size, the host finds out. */
    private Versioned<Image> imageOf(Disk disk, ImageId id, String field) throws ProblemException {
        Versioned<Image> image = store.view().image(id)
                .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
        switch (image.value().source()) {
            case Image.Kernel _ -> throw new ProblemException(new Problem.NotNow("IMAGE_NOT_A_DISK", id.resourceName(),
                    id.resourceName() + " is a kernel image: no disk can begin as one",
                    "use a disk image for disk " + disk.name()));
            case Image.Disk(Image.ImageFile file, Image.Disk.Format format) -> {
                boolean cut = format == Image.Disk.Format.RAW && disk.sizeBytes() != 0
                        && disk.sizeBytes() < file.sizeBytes();
                if (cut) {
                    throw ProblemException.invalid(field + ".size_bytes",
                            disk.sizeBytes() + " (expected: 0, or at least "
                                    + file.sizeBytes() + ", the size of " + id.resourceName() + ")");
                }
            }
        }
        return image;
    }

    /** The image of a spec, if a VM can boot from it with this command line. */
    private Versioned<Image> bootable(VmSpec spec) throws ProblemException {
        ImageId id = spec.image();
        Versioned<Image> image = store.view().image(id)
                .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
        switch (image.value().source()) {
            case Image.Disk disk ->
                throw new ProblemException(new Problem.NotNow("IMAGE_NOT_BOOTABLE", id.resourceName(),
                        id.resourceName() + " is a disk image (" + disk.format()
                                + "): VMs boot a kernel image, and find disks",
                        "boot a kernel image, and give the VM a disk that begins as this one"));
            case Image.Kernel kernel -> {
                String extra = spec.extraCommandLine();
                int bytes = spec.consoles().commandLine(kernel.commandLine()).length()
                        + (extra.isEmpty() ? 0 : 1 + extra.length());
                if (bytes > VmSpecs.MAX_COMMAND_LINE_BYTES) {
                    throw ProblemException.invalid("vm.spec.extra_command_line",
                            "with that of " + id.resourceName() + " "
                                    + bytes + " bytes (expected: at most " + VmSpecs.MAX_COMMAND_LINE_BYTES + ")");
                }
            }
        }
        return image;
    }

    Task start(RequestMark mark, VmId id, boolean discardSaved) throws ProblemException, InterruptedException {
        return mutate(mark, id, vm -> VmIntents.start(vm, discardSaved, clock.instant()));
    }

    Task suspend(RequestMark mark, VmId id) throws ProblemException, InterruptedException {
        return mutate(mark, id, vm -> VmIntents.suspend(vm,
                vm.owner().flatMap(owner -> store.view().host(owner.host())).map(Versioned::value), clock.instant()));
    }

    Task stop(RequestMark mark, VmId id, Duration grace) throws ProblemException, InterruptedException {
        return mutate(mark, id, vm -> VmIntents.stop(vm, grace));
    }

    Task delete(RequestMark mark, VmId id, boolean force) throws ProblemException, InterruptedException {
        return mutate(mark, id, vm -> VmIntents.delete(vm, force, clock.instant()));
    }

    /**
     * Asks for the end of a task.
     *
     * @return the task as it is then; it ends when the VM is stopped
     */
    public Task cancel(TaskId id) throws ProblemException, InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Versioned<Task> task = store.view().task(id)
                    .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            if (!task.value().running() || task.value().cancelRequested()) {
                return task.value();
            }
            if (!(task.value().target() instanceof VmId target)) {
                throw new ProblemException(VmIntents.notCancellable(task.value(), "wait for it"));
            }
            Versioned<Vm> vm = store.view().vm(target)
                    .orElseThrow(() -> ProblemException.notFound(target.resourceName()));
            switch (VmIntents.cancel(task.value(), vm.value(), clock.instant())) {
                case Plan.Refuse(Problem problem) -> throw new ProblemException(problem);
                case Plan.Join join -> {
                    return task.value();
                }
                case Plan.Settled settled -> {
                    return task.value();
                }
                case Plan.Changed changed -> {
                    return task.value();
                }
                case Plan.Change(Vm next) -> {
                    Task cancelled = task.value().cancelledBy(next.generation());
                    if (committed(target, List.of(new Change.Put(next, vm.version()),
                            new Change.Put(cancelled, task.version())))) {
                        return cancelled;
                    }
                }
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    /** Changes a VM's devices: of one that does not run its record only, and the task has ended. */
    Task changeDevices(RequestMark mark, VmId id, Intent intent) throws ProblemException, InterruptedException {
        return mutate(mark, id, intent);
    }

    /** What a request makes of a VM. */
    public interface Intent {
        Plan of(Vm vm) throws ProblemException, InterruptedException;
    }

    /**
     * Carries out what a request makes of a VM.
     *
     * @return its task, or the one of an earlier arrival of the same request
     */
    public Task mutate(RequestMark mark, VmId id, Intent intent) throws ProblemException, InterruptedException {
        TaskId taskId = mark.task();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<Task> known = mark.earlier(taskId, store.view());
            if (known.isPresent()) {
                return known.get();
            }
            Versioned<Vm> vm = store.view().vm(id).orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            Instant now = clock.instant();
            Change change;
            Task task;
            List<Change> changes = new ArrayList<>();
            switch (intent.of(vm.value())) {
                case Plan.Refuse(Problem problem) -> throw new ProblemException(problem);
                case Plan.Change(Vm next) -> {
                    change = new Change.Put(next, vm.version());
                    task = task(mark, taskId, next, false, now);
                    changes.addAll(stillThere(vm.value(), next));
                }
                case Plan.Changed(Vm next) -> {
                    change = new Change.Put(next, vm.version());
                    task = task(mark, taskId, next, true, now);
                    changes.addAll(stillThere(vm.value(), next));
                }
                case Plan.Join join -> {
                    change = new Change.Check(id, vm.version());
                    task = task(mark, taskId, vm.value(), false, now);
                }
                case Plan.Settled settled -> {
                    change = new Change.Check(id, vm.version());
                    task = task(mark, taskId, vm.value(), true, now);
                }
            }
            // In this order they are seen: whoever hears of the VM's new intent knows already whom it supersedes.
            changes.addAll(change instanceof Change.Put ? superseded(task, now) : List.of());
            if (task.ofMigration()) {
                // Of one before nothing will be known any more.
                changes.addAll(Settlement.of(store.view().runningTasks(id).stream()
                        .filter(older -> older.value().ofMigration()).toList(), Optional.of(vm.value()), now));
            }
            changes.add(change);
            changes.add(new Change.Create(task));
            if (committed(id, changes)) {
                return task;
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    /** Changes a VM without a task of its own. */
    public void change(VmId id, Intent intent) throws ProblemException, InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Versioned<Vm> vm = store.view().vm(id).orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            switch (intent.of(vm.value())) {
                case Plan.Refuse(Problem problem) -> throw new ProblemException(problem);
                case Plan.Change(Vm next) -> {
                    if (committed(id, List.of(new Change.Put(next, vm.version())))) {
                        return;
                    }
                }
                case Plan.Changed(Vm next) -> {
                    if (committed(id, List.of(new Change.Put(next, vm.version())))) {
                        return;
                    }
                }
                case Plan.Join _,Plan.Settled _ -> {
                    return;
                }
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    /** The images that a VM needs now and did not before. */
    private List<Change> stillThere(Vm before, Vm after) throws ProblemException {
        return after.spec().images().equals(before.spec().images()) ? List.of()
                : images(after.spec()).stream().filter(image -> !before.spec().images().contains(image.value().id()))
                        .<Change>map(image -> new Change.Check(image.value().id(), image.version())).toList();
    }

    /** Changes of devices and of power do not get in each other's way. */
    private List<Change> superseded(Task by, Instant now) {
        if (!by.ofPower()) {
            return List.of();
        }
        return store.view().runningTasks(by.target()).stream().filter(older -> older.value().ofPower())
                .filter(older -> older.value().targetUid().equals(by.targetUid()))
                .<Change>map(older -> new Change.Put(older.value().ended(Settlement.superseded(older.value(), by, now)),
                        older.version()))
                .toList();
    }

    /** False after a conflict: what it conflicted with is in memory then. */
    private boolean committed(VmId id, List<Change> changes) throws ProblemException, InterruptedException {
        try {
            store.commitAndWait(changes);
            return true;
        } catch (CommitException.Conflict e) {
            return false;
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }

    private static Task task(RequestMark mark, TaskId id, Vm vm, boolean done, Instant now) {
        return mark.begun(id, vm, done ? new Task.State.Succeeded(now) : new Task.State.Running(), now);
    }
}
