package io.drover.agent.vm;

import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MigratingDriver;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.driver.UnsupportedPlanException;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.folder.SavedState;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.holding.HoldCodec;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs that come to this host: started here, or received from another by a migration. Whatever stands against one is said before
 * anything of it is here. Safe for all threads.
 */
final class Arrivals {
    private static final Logger log = LoggerFactory.getLogger(Arrivals.class);

    private final HostVms.Foundations on;
    private final VmRegister register;
    private final Vm.Surroundings surroundings;
    private final RecordAudit audit;
    private final SpentEpochs spent;

    Arrivals(HostVms.Foundations on, VmRegister register, Vm.Surroundings surroundings, RecordAudit audit,
            SpentEpochs spent) {
        this.on = on;
        this.register = register;
        this.surroundings = surroundings;
        this.audit = audit;
        this.spent = spent;
    }

    /**
     * Starts a VM; when it was started under the same epoch before, tells what became of that.
     *
     * @return what was observed when the start had come to its end
     */
    VmObservation start(StartVmRequest request) throws RefusedException, InterruptedException {
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
        Vm vm = admitted(order, driver, order.request().getDisksExpected());
        on.witness().reached(StartStep.CHECKED);
        log.info("VM {}: starting with driver {}, operation {}", identity, driver.name(),
                order.request().getOperationId());
        CompletableFuture<VmObservation> _ = vm.start();
        VmObservation observation = outcome(vm, older);
        older.ifPresent(Vm::close);
        audit.watch(identity);
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
    VmObservation receive(ReceiveVmRequest request) throws RefusedException, InterruptedException {
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
        Vm vm = admitted(order, driver, false);
        log.info("VM {}: comes from host {} by migration {}", identity, move.source(), migration);
        CompletableFuture<VmObservation> _ = vm.receive(move);
        VmObservation observation = outcome(vm, older);
        older.ifPresent(Vm::close);
        audit.watch(identity);
        return observation;
    }

    /** The VM, of which nothing is here yet but its place. */
    private Vm admitted(StartOrder order, Driver driver, boolean disksExpected) throws RefusedException {
        VmFolder folder = new VmFolder(on.folder().resolve(order.identity().uid()));
        StartOrder.Prepared prepared = order.prepare(on.files(), folder, on.networks());
        LocalRecord record = new LocalRecord(order.request(), new LocalState.Starting(Vm.now()), 0);
        Vm vm = new Vm(prepared, driver, folder, record, surroundings, preparation(on, folder));
        try {
            check(driver, prepared, order.request(), disksExpected);
            on.shares().check(order.identity().name(), prepared.share(), prepared.plan().memoryBytes());
            register.admit(vm);
            return vm;
        } catch (RefusedException e) {
            vm.close();
            throw e;
        }
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
                audit.forget(vm);
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
    static VmLedger.Preparation preparation(HostVms.Foundations on, VmFolder folder) {
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
}
