package io.drover.agent.vm;

import io.drover.agent.cluster.OwnershipWatch;
import io.drover.agent.cluster.VmRecords;
import io.drover.agent.console.Console;
import io.drover.agent.disk.DiskOrder;
import io.drover.agent.disk.VmDisks;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.files.FileStore;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.lease.Leases;
import io.drover.agent.migration.Migrations;
import io.drover.agent.net.HostNetworks;
import io.drover.agent.net.NicOrder;
import io.drover.agent.net.VmNics;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.share.HostShares;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmUsage;
import io.drover.scheduler.capacity.HostCapacity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of this host: they come when a controller asks and the record agrees, and go when either says so. Safe for
 * all threads.
 */
public final class HostVms implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HostVms.class);
    private static final Duration LOG_TRIM_PERIOD = Duration.ofSeconds(5);

    /**
     * What a host's VMs rest on.
     *
     * @param folder of all VM folders, absolute and without links
     * @param timer of one thread
     */
    public record Foundations(Path folder, Path graveyard, HostCapacity capacity, Map<String, Driver> drivers,
            FileStore files, HostNetworks networks, HostShares shares,
            VmRecords records, OwnershipWatch watch, Leases leases, Migrations migrations, ObservationBoard board,
            ScheduledExecutorService timer, StartStep.Witness witness) {
        public Foundations {
            drivers = Map.copyOf(drivers);
        }
    }

    private final Foundations on;
    private final Graveyard graveyard;
    private final Vm.Surroundings surroundings;
    private final VmRegister register;
    private final RecordAudit audit;
    private final Arrivals arrivals;
    private final SpentEpochs spent = new SpentEpochs();

    public HostVms(Foundations on) throws IOException {
        this.on = on;
        this.graveyard = new Graveyard(on.graveyard());
        this.register = new VmRegister(on.capacity(), on.shares());
        this.audit = new RecordAudit(on, register, graveyard);
        this.surroundings = new Vm.Surroundings(on.timer(), on.board()::observed, on.witness(),
                on.shares(), on.leases(), on.migrations(), audit::recordMayHaveChanged);
        this.arrivals = new Arrivals(on, register, surroundings, audit, spent);
        Files.createDirectories(on.folder());
        ScheduledFuture<?> _ = on.timer().scheduleWithFixedDelay(this::tidy,
                LOG_TRIM_PERIOD.toMillis(),
                LOG_TRIM_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tidy() {
        List<Vm> all = register.all();
        all.forEach(Vm::trimLogs);
        on.shares().removeAllBut(all.stream().filter(vm -> !vm.hasEnded()).map(vm -> vm.plan().identity().uid())
                .collect(Collectors.toSet()));
    }

    /** Goes on with what an earlier agent left. Returns when all of it is decided, which waits for ZooKeeper. */
    public void recover() throws InterruptedException, IOException {
        new Recovery(on, graveyard, surroundings, vm -> {
            register.put(vm);
            audit.watch(vm.plan().identity());
        }).run();
        on.networks().removeLeftovers(register.all().stream().filter(vm -> !vm.hasEnded())
                .flatMap(vm -> vm.nics().devices().stream()).collect(Collectors.toSet()));
    }

    /**
     * Starts a VM; when it was started under the same epoch before, tells what became of that.
     *
     * @return what was observed when the start had come to its end
     */
    public VmObservation start(StartVmRequest request) throws RefusedException, InterruptedException {
        return arrivals.start(request);
    }

    /**
     * Has a VM come here from another host, by a migration that its record has; once it was asked for, tells how it goes.
     *
     * @return what was observed when the hand-off had begun
     */
    public VmObservation receive(ReceiveVmRequest request) throws RefusedException, InterruptedException {
        return arrivals.receive(request);
    }

    /**
     * Begins to stop a VM. One that is not here will not start under this epoch any more.
     *
     * @param grace zero: by force, at once
     */
    public VmObservation stop(String uid, long epoch, Duration grace) throws RefusedException, InterruptedException {
        Optional<Vm> here = register.find(uid);
        Vm vm = here.isPresent() ? here.get() : requireOrSpend(uid, epoch);
        if (vm.epoch() != epoch) {
            throw Refusals.notOwner(vm.plan().identity(), "it runs under epoch " + vm.epoch() + ", not " + epoch);
        }
        if (vm.isArriving()) {
            throw Refusals.migrating(vm.plan().identity());
        }
        try {
            return vm.stop(grace).get();
        } catch (ExecutionException e) {
            throw Refusals.doesNotEnd(vm.plan().identity(), e.getCause());
        }
    }

    /**
     * Begins to save a VM that runs, which ends it.
     *
     * @return what was observed when that had begun
     */
    public VmObservation suspend(String uid, long epoch, String operation)
            throws RefusedException, InterruptedException {
        Vm vm = require(uid);
        VmIdentity identity = vm.plan().identity();
        if (vm.epoch() != epoch) {
            throw Refusals.notOwner(identity, "it runs under epoch " + vm.epoch() + ", not " + epoch);
        }
        if (vm.isMoving()) {
            throw Refusals.migrating(identity);
        }
        if (!(on.drivers().get(vm.driver()) instanceof SavingDriver)) {
            throw Refusals.doesNotSave(identity, vm.driver());
        }
        if (vm.isRunning() && vm.isChanging()) {
            throw Refusals.devicesChanging(identity);
        }
        try {
            return vm.suspend(operation).get();
        } catch (ExecutionException e) {
            throw Refusals.notRecorded(identity, vm.folder(), e.getCause());
        }
    }

    /**
     * Calls off what {@link #suspend} has begun, if it can be still.
     *
     * @return what was observed when that had been asked for
     */
    public VmObservation cancelSuspension(String uid, long epoch) throws RefusedException, InterruptedException {
        Vm vm = require(uid);
        VmIdentity identity = vm.plan().identity();
        if (vm.epoch() != epoch) {
            throw Refusals.notOwner(identity, "it runs under epoch " + vm.epoch() + ", not " + epoch);
        }
        try {
            return vm.cancelSuspension().get();
        } catch (ExecutionException e) {
            throw Refusals.notRecorded(identity, vm.folder(), e.getCause());
        }
    }

    /** A start that is under way is waited for, and then found; one that comes later is refused. */
    private Vm requireOrSpend(String uid, long epoch) throws RefusedException, InterruptedException {
        Lock coming = register.coming(uid);
        coming.lockInterruptibly();
        try {
            if (register.find(uid).isEmpty()) {
                spent.spend(uid, epoch, Refusals.stoppedBefore(uid, epoch));
            }
            return require(uid);
        } finally {
            coming.unlock();
        }
    }

    /**
     * Begins to change a device of a VM that runs.
     *
     * @return what was observed when that had begun; without the change when nothing runs
     */
    public VmObservation change(ChangeDeviceRequest request) throws RefusedException, InterruptedException {
        Vm vm = require(request.getUid());
        VmIdentity identity = vm.plan().identity();
        if (vm.epoch() != request.getEpoch()) {
            throw Refusals.notOwner(identity, "it runs under epoch " + vm.epoch() + ", not " + request.getEpoch());
        }
        if (vm.isMoving()) {
            throw Refusals.migrating(identity);
        }
        if (vm.isSuspending()) {
            throw Refusals.suspending(identity);
        }
        try {
            check(identity, vm.folder(), request);
            return vm.change(request).get();
        } catch (IllegalArgumentException e) {
            throw Refusals.badRequest(identity, e);
        } catch (ExecutionException e) {
            throw Refusals.notRecorded(identity, vm.folder(), e.getCause());
        }
    }

    /** Whether this host has what a device needs that comes. */
    private void check(VmIdentity identity, VmFolder folder, ChangeDeviceRequest request) throws RefusedException {
        if (request.hasAttachDisk()) {
            DiskOrder disk = DiskOrder.of(request.getAttachDisk());
            if (disk.image().isPresent() && !on.files().all().contains(disk.image().get().file().hex())) {
                throw Refusals.fileMissing(disk.image().get().file().hex());
            }
            try {
                new VmDisks(identity.name(), folder, List.of(disk), on.files()::path).check(false, List.of());
            } catch (IOException e) {
                throw Refusals.filesUnreadable(identity, e);
            }
        }
        if (request.hasAttachNic()) {
            new VmNics(identity, List.of(NicOrder.of(request.getAttachNic())), on.networks()).checkNetworks();
        }
    }

    /** Forgets a VM whose run has ended, with its folder. One that is not here is no error. */
    public void remove(String uid, long epoch) throws RefusedException, InterruptedException {
        Lock going = register.coming(uid);
        going.lockInterruptibly();
        try {
            Optional<Vm> found = register.find(uid);
            if (found.isPresent()) {
                remove(found.get(), epoch);
            }
        } finally {
            going.unlock();
        }
    }

    private void remove(Vm vm, long epoch) throws RefusedException {
        VmIdentity identity = vm.plan().identity();
        if (vm.epoch() > epoch) {
            throw Refusals.notOwner(identity, "it is here under epoch " + vm.epoch() + ", not " + epoch);
        }
        if (vm.isMoving()) {
            throw Refusals.migrating(identity);
        }
        if (!vm.hasEnded()) {
            throw Refusals.runs(identity);
        }
        try {
            vm.close();
            vm.folder().delete();
        } catch (IOException e) {
            throw Refusals.notRemoved(identity, vm.folder(), e);
        }
        audit.forget(vm);
        log.info("VM {}: removed", identity);
    }

    /** What every VM that runs here has used. */
    public List<VmUsage> usage() throws InterruptedException {
        return UsageReport.of(register.all());
    }

    /** What these VMs have used, as far as they run here. */
    public List<VmUsage> usage(Collection<String> uids) throws InterruptedException {
        return UsageReport.of(uids.stream().distinct().map(register::find).flatMap(Optional::stream).toList());
    }

    /** The console of a VM. */
    public Console console(String uid) throws RefusedException {
        return require(uid).console();
    }

    /** The folder of a VM, with its logs. */
    public VmFolder folder(String uid) throws RefusedException {
        return require(uid).folder();
    }

    /** Whether a VM is here whose run has not ended: then its logs may still grow. */
    public boolean isRunning(String uid) {
        return register.find(uid).filter(vm -> !vm.hasEnded()).isPresent();
    }

    private Vm require(String uid) throws RefusedException {
        return register.find(uid).orElseThrow(() -> Refusals.notFound(uid));
    }

    /** Lets go of all VMs: they run on. */
    @Override
    public void close() {
        register.all().forEach(Vm::close);
    }
}
