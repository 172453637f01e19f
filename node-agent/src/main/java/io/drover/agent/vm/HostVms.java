package io.drover.agent.vm;

import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.cluster.OwnershipWatch;
import io.drover.agent.cluster.VmRecords;
import io.drover.agent.console.Console;
import io.drover.agent.disk.DiskOrder;
import io.drover.agent.disk.VmDisks;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MigratingDriver;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.driver.UnsupportedPlanException;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.files.FileStore;
import io.drover.agent.folder.SavedState;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.SourceHandOff;
import io.drover.agent.holding.HoldCodec;
import io.drover.agent.lease.Leases;
import io.drover.agent.migration.Migrations;
import io.drover.agent.net.HostNetworks;
import io.drover.agent.net.NicOrder;
import io.drover.agent.net.VmNics;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.share.HostShares;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmUsage;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
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
    private static final Duration AUDIT_RETRY = Duration.ofSeconds(1);
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
    private final SpentEpochs spent = new SpentEpochs();

    public HostVms(Foundations on) throws IOException {
        this.on = on;
        this.graveyard = new Graveyard(on.graveyard());
        this.surroundings = new Vm.Surroundings(on.timer(), on.board()::observed, on.witness(),
                on.shares(), on.leases(), on.migrations(), this::recordMayHaveChanged);
        this.register = new VmRegister(on.capacity(), on.shares());
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
            watch(vm.plan().identity());
        }).run();
        on.networks().removeLeftovers(register.all().stream().filter(vm -> !vm.hasEnded())
                .flatMap(vm -> vm.nics().devices().stream()).collect(Collectors.toSet()));
    }

    private void watch(VmIdentity identity) {
        on.watch().add(identity.name(), identity.uid(), this::recordMayHaveChanged);
    }

    /**
     * Starts a VM; when it was started under the same epoch before, tells what became of that.
     *
     * @return what was observed when the start had come to its end
     */
    public VmObservation start(StartVmRequest request) throws RefusedException, InterruptedException {
        StartOrder order;
        try {
            order = StartOrder.of(request);
        } catch (IllegalArgumentException e) {
            throw Refusals.badRequest(request, e);
        }
        Lock coming = register.coming(order.identity().uid());
        coming.lockInterruptibly();
        try {
            Optional<Vm> known = known(order.identity());
            if (known.isPresent()) {
                return outcome(known.get(), Optional.empty());
            }
            spent.check(order.identity().uid(), order.identity().epoch());
            return startNew(order);
        } catch (RefusedException e) {
            spent.refused(order.identity().uid(), order.identity().epoch(), e);
            throw e;
        } finally {
            coming.unlock();
        }
    }

    /** The VM when it is here under this epoch. */
    private Optional<Vm> known(VmIdentity identity) throws RefusedException {
        Optional<Vm> vm = register.find(identity.uid());
        if (vm.isEmpty() || vm.get().epoch() < identity.epoch()) {
            return Optional.empty();
        }
        if (vm.get().epoch() > identity.epoch()) {
            throw Refusals.notOwner(identity, "this host has the VM under epoch " + vm.get().epoch() + " already");
        }
        return vm;
    }

    private VmObservation startNew(StartOrder order) throws RefusedException, InterruptedException {
        VmIdentity identity = order.identity();
        checkOwnership(identity);
        Driver driver = usableDriver(order.request().getDriver(), identity);
        checkSaved(order, driver);
        // The older one stays, ended, until there is a newer: its disks are safe as long as it is here.
        Optional<Vm> older = makeWay(identity);
        VmFolder folder = new VmFolder(on.folder().resolve(identity.uid()));
        StartOrder.Prepared prepared = order.prepare(on.files(), folder, on.networks());
        LocalRecord record = new LocalRecord(order.request(), new LocalState.Starting(Vm.now()), 0);
        Vm vm = new Vm(prepared, driver, folder, record, surroundings, preparation(on, folder));
        try {
            check(driver, prepared, order.request(), order.request().getDisksExpected());
            on.shares().check(identity.name(), prepared.share(), prepared.plan().memoryBytes());
            register.admit(vm);
        } catch (RefusedException e) {
            vm.close();
            throw e;
        }
        on.witness().reached(StartStep.CHECKED);
        log.info("VM {}: starting with driver {}, operation {}", identity, driver.name(),
                order.request().getOperationId());
        CompletableFuture<VmObservation> _ = vm.start();
        VmObservation observation = outcome(vm, older);
        older.ifPresent(Vm::close);
        watch(identity);
        if (!vm.isBootable()) {
            throw Refusals.unbootable(identity, observation.getExit().getMessage());
        }
        return observation;
    }

    /**
     * Has a VM come here from another host, by a migration that its record has; once it was asked for, tells how it goes.
     *
     * @return what was observed when the hand-off had begun
     */
    public VmObservation receive(ReceiveVmRequest request) throws RefusedException, InterruptedException {
        StartOrder order;
        try {
            order = StartOrder.of(request.getStart());
        } catch (IllegalArgumentException e) {
            throw Refusals.badRequest(request.getStart(), e);
        }
        Lock coming = register.coming(order.identity().uid());
        coming.lockInterruptibly();
        try {
            Optional<VmObservation> known = register.find(order.identity().uid()).map(Vm::observation)
                    .filter(seen -> seen.getMigration().getId().equals(request.getMigration())
                            && seen.getMigration().getSide() == MigrationObservation.Side.DESTINATION);
            return known.isPresent() ? known.get() : receiveNew(order, request.getMigration());
        } finally {
            coming.unlock();
        }
    }

    private VmObservation receiveNew(StartOrder order, String migration)
            throws RefusedException, InterruptedException {
        VmIdentity identity = order.identity();
        Move move = awaited(identity, migration);
        Driver driver = usableDriver(order.request().getDriver(), identity);
        if (!(driver instanceof MigratingDriver)) {
            throw Refusals.doesNotMigrate(identity, driver.name());
        }
        if (register.find(identity.uid()).filter(Vm::isMoving).isPresent()) {
            throw Refusals.migrating(identity);
        }
        Optional<Vm> older = makeWay(identity);
        VmFolder folder = new VmFolder(on.folder().resolve(identity.uid()));
        StartOrder.Prepared prepared = order.prepare(on.files(), folder, on.networks());
        LocalRecord record = new LocalRecord(order.request(), new LocalState.Starting(Vm.now()), 0);
        Vm vm = new Vm(prepared, driver, folder, record, surroundings, preparation(on, folder));
        try {
            check(driver, prepared, order.request(), false);
            on.shares().check(identity.name(), prepared.share(), prepared.plan().memoryBytes());
            register.admit(vm);
        } catch (RefusedException e) {
            vm.close();
            throw e;
        }
        log.info("VM {}: comes from host {} by migration {}", identity, move.source(), migration);
        CompletableFuture<VmObservation> _ = vm.receive(move);
        VmObservation observation = outcome(vm, older);
        older.ifPresent(Vm::close);
        watch(identity);
        return observation;
    }

    /** Whether what the guest is to go on from is here. */
    private void checkSaved(StartOrder order, Driver driver) throws RefusedException {
        long epoch = order.request().getSavedEpoch();
        if (epoch == 0) {
            return;
        }
        if (!(driver instanceof SavingDriver)) {
            throw Refusals.doesNotSave(order.identity(), driver.name());
        }
        VmFolder folder = new VmFolder(on.folder().resolve(order.identity().uid()));
        if (!new SavedState(folder).isKept(epoch)) {
            throw Refusals.savedStateMissing(order.identity(), epoch, folder);
        }
    }

    /** The migration, if the record says that this host is to prepare for it. */
    private Move awaited(VmIdentity identity, String migration) throws RefusedException, InterruptedException {
        Optional<VmRecord> record;
        try {
            record = on.records().look(identity.name(), identity.uid(), identity.epoch()).record();
        } catch (ClusterAwayException e) {
            throw Refusals.ownerUnknown(identity, e);
        }
        try {
            if (record.isPresent()
                    && HoldCodec.decode(record.get())
                            .migration() instanceof Migration.Preparing(Move move, boolean cancelAsked)
                    && move.id().equals(migration) && !cancelAsked
                    && move.epoch() == identity.epoch() && move.destination().equals(on.migrations().host())) {
                return move;
            }
        } catch (IllegalArgumentException e) {
            throw Refusals.noSuchMigration(identity, migration, e.getMessage()).causedBy(e);
        }
        throw Refusals.noSuchMigration(identity, migration,
                "the VM's record has none of that id that waits for this host to prepare");
    }

    private VmObservation outcome(Vm vm, Optional<Vm> older) throws RefusedException, InterruptedException {
        try {
            vm.started().get();
            return vm.observation();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof Vm.NotRecordedException)) {
                throw Refusals.startInterrupted(vm.plan().identity(), e.getCause());
            }
            // As if the VM had never been asked for: what was here before is here again.
            vm.close();
            if (older.isPresent()) {
                register.put(older.get());
            } else {
                forget(vm);
                delete(vm.folder());
            }
            throw Refusals.notRecorded(vm.plan().identity(), vm.folder(), e.getCause().getCause());
        }
    }

    private static void delete(VmFolder folder) {
        try {
            folder.delete();
        } catch (IOException e) {
            log.warn("VM folder {}: cannot be removed", folder.path(), e);
        }
    }

    /**
     * A new epoch begins: what is here of an older one ends. Its logs and its disks go on.
     *
     * @return what ended; to be closed when there is a newer one in its place
     */
    private Optional<Vm> makeWay(VmIdentity identity) throws RefusedException, InterruptedException {
        Optional<Vm> older = register.find(identity.uid());
        if (older.isEmpty()) {
            return Optional.empty();
        }
        try {
            older.get().destroy("the VM was given to this host again, with epoch " + identity.epoch()).get();
        } catch (ExecutionException e) {
            throw Refusals.doesNotEnd(identity, e.getCause());
        }
        return older;
    }

    private void checkOwnership(VmIdentity identity) throws RefusedException, InterruptedException {
        Ownership ownership;
        try {
            ownership = on.records().ownership(identity.name(), identity.uid(), identity.epoch());
        } catch (ClusterAwayException e) {
            throw Refusals.ownerUnknown(identity, e);
        }
        if (!(ownership instanceof Ownership.Ours)) {
            throw Refusals.notOwner(identity, ownership.why());
        }
    }

    private Driver usableDriver(String name, VmIdentity identity) throws RefusedException {
        Driver driver = on.drivers().get(name);
        if (driver == null) {
            throw Refusals.driverNotOffered(identity, name, on.drivers().keySet());
        }
        if (driver.status() instanceof DriverStatus.Unusable(String message)) {
            throw Refusals.driverUnusable(identity, name, message);
        }
        return driver;
    }

    /** For when the devices of what is here change. */
    static VmLedger.Preparation preparation(Foundations on, VmFolder folder) {
        return start -> StartOrder.of(start).prepareAgain(on.files(), folder, on.networks());
    }

    private static void check(Driver driver, StartOrder.Prepared prepared, StartVmRequest request,
            boolean disksExpected) throws RefusedException {
        MachinePlan plan = prepared.plan();
        try {
            driver.check(plan);
            prepared.disks().check(disksExpected, request.getAddedDisksList());
            prepared.nics().check();
        } catch (UnbootableException e) {
            throw Refusals.unbootable(plan.identity(), e.getMessage()).causedBy(e);
        } catch (UnsupportedPlanException e) {
            throw Refusals.driverLacks(plan.identity(), driver.name(), e);
        } catch (IOException e) {
            throw Refusals.filesUnreadable(plan.identity(), e);
        }
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
        forget(vm);
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

    private void forget(Vm vm) {
        String uid = vm.plan().identity().uid();
        if (register.forget(vm)) {
            on.watch().remove(uid);
            on.board().removed(uid);
        }
    }

    private void recordMayHaveChanged(String uid) {
        on.leases().doubt(uid);
        Thread.ofVirtual().name("audit " + uid).start(() -> {
            Lock going = register.coming(uid);
            try {
                going.lockInterruptibly();
                try {
                    audit(uid);
                } finally {
                    going.unlock();
                }
            } catch (InterruptedException expected) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * Reads the record of a VM that runs here, destroys the VM if this host may not run it, and joins a migration by which it is
     * to leave. What is in a hand-off is left to that.
     */
    private void audit(String uid) throws InterruptedException {
        Optional<Vm> found = register.find(uid);
        found.ifPresent(Vm::recordMayHaveChanged);
        if (found.isEmpty() || found.get().isMoving() || found.get().hasEnded()) {
            return;
        }
        Vm vm = found.get();
        VmIdentity identity = vm.plan().identity();
        try {
            VmRecords.Look look = on.records().look(identity.name(), identity.uid(), identity.epoch());
            Ownership ownership = look.ownership();
            if (ownership instanceof Ownership.Ours) {
                look.record().ifPresent(record -> joinIfLeaving(vm, record));
            } else {
                vm.destroy(ownership.why()).get();
                if (ownership.disksStay()) {
                    return;
                }
                forget(vm);
                vm.close();
                graveyard.bury(vm.folder(), identity.name(), ownership.why());
            }
        } catch (ClusterAwayException e) {
            log.info("VM {}: its record cannot be read; trying again: {}", identity, e.getMessage());
            auditAgain(uid);
        } catch (ExecutionException | IOException e) {
            log.error("VM {}: may not run here, but cannot be destroyed; trying again", identity, e);
            auditAgain(uid);
        }
    }

    private void joinIfLeaving(Vm vm, VmRecord record) {
        try {
            Optional<HandOff.Step> first = HandOff.join(HoldCodec.decode(record), on.migrations().host())
                    .filter(step -> step.next() instanceof SourceHandOff);
            if (first.isEmpty()) {
                return;
            }
            if (vm.isRunning()) {
                log.info("VM {}: leaves by migration {}", vm.plan().identity(), first.get().next().move().id());
                CompletableFuture<VmObservation> _ = vm.join(first.get());
            } else {
                // Its guest reboots, or has just come: there is nothing to send yet.
                auditAgain(vm.plan().identity().uid());
            }
        } catch (IllegalArgumentException e) {
            log.error("VM {}: its record cannot be understood", vm.plan().identity(), e);
        }
    }

    private void auditAgain(String uid) {
        try {
            ScheduledFuture<?> _ = on.timer().schedule(() -> recordMayHaveChanged(uid), AUDIT_RETRY.toMillis(),
                    TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("VM uid {}: the agent closes; the next one looks again", uid, e);
        }
    }

    /** Lets go of all VMs: they run on. */
    @Override
    public void close() {
        register.all().forEach(Vm::close);
    }
}
