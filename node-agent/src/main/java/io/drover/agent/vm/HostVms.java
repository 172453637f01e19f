package io.drover.agent.vm;

import com.google.common.util.concurrent.Striped;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.cluster.OwnershipWatch;
import io.drover.agent.cluster.VmRecords;
import io.drover.agent.console.Console;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.files.FileStore;
import io.drover.agent.files.Sha256;
import io.drover.agent.folder.DiskSpace;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.capacity.Reserved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of this host: which there are, whether one more may start and fits, and which have to go. Safe for all
 * threads.
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
            FileStore files,
            VmRecords records, OwnershipWatch watch, ObservationBoard board, ScheduledExecutorService timer,
            StartStep.Witness witness) {
        public Foundations {
            drivers = Map.copyOf(drivers);
        }
    }

    private final Foundations on;
    private final Graveyard graveyard;
    private final Vm.Surroundings surroundings;
    /** Held, one for a VM, while it comes or goes: a new epoch does not begin in a folder that is being buried. */
    private final Striped<Lock> comings = Striped.lock(256);
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, Vm> vms = new HashMap<>();

    public HostVms(Foundations on) throws IOException {
        this.on = on;
        this.graveyard = new Graveyard(on.graveyard());
        this.surroundings = new Vm.Surroundings(on.timer(), on.board()::observed, on.witness());
        Files.createDirectories(on.folder());
        ScheduledFuture<?> _ = on.timer().scheduleWithFixedDelay(() -> all().forEach(Vm::trimLogs),
                LOG_TRIM_PERIOD.toMillis(),
                LOG_TRIM_PERIOD.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /**
     * Goes on with what an earlier agent left, VM by VM: adopts those whose record names this host with the same uid
     * and epoch, destroys the others and keeps their logs. Returns when all is decided; as long as ZooKeeper is away
     * nothing is, and what runs runs on.
     */
    public void recover() throws InterruptedException, IOException {
        List<CompletableFuture<VmObservation>> adoptions = new ArrayList<>();
        for (VmFolder folder : VmFolder.in(on.folder())) {
            try {
                recover(folder).ifPresent(adoptions::add);
            } catch (IOException | IllegalArgumentException e) {
                // Not decided, so not touched: a person has to look.
                log.error("VM folder {}: left alone, because it cannot be understood", folder.path(), e);
            }
        }
        for (CompletableFuture<VmObservation> adoption : adoptions) {
            try {
                adoption.get();
            } catch (ExecutionException e) {
                log.error("a VM could not be adopted", e);
            }
        }
    }

    private Optional<CompletableFuture<VmObservation>> recover(VmFolder folder)
            throws IOException, InterruptedException {
        Optional<LocalRecord> found = LocalRecord.read(folder);
        if (found.isEmpty()) {
            // Nothing is spawned before the record is written, and removal takes the record first.
            killAll(folder);
            folder.delete();
            return Optional.empty();
        }
        LocalRecord local = found.get();
        VmIdentity identity = identity(local.start());
        Ownership ownership = ownershipAtLast(identity);
        boolean ended = local.state() instanceof LocalState.Ended;
        boolean keep = switch (ownership) {
            case Ownership.Ours() -> true;
            case Ownership.Nobodys(String why) -> ended;
            case Ownership.Others(String why) -> false;
        };
        Optional<Driver> driver = Optional.ofNullable(on.drivers().get(local.start().getDriver()));
        if (!keep) {
            String why = why(ownership);
            log.warn("VM {}: left by an earlier agent, destroyed here: {}", identity, why);
            killAll(folder);
            graveyard.bury(folder, identity.name(), why);
            return Optional.empty();
        }
        if (driver.isEmpty()) {
            throw new IOException("VM " + identity + " needs the driver " + local.start().getDriver()
                    + ", which this agent was told not to offer");
        }
        List<FileStore.Hold> holds = new ArrayList<>();
        MachinePlan plan = ended ? plan(local.start(), identity, holdsOrPaths(local.start(), holds))
                : adoptedPlan(local, identity, holds);
        Vm vm = new Vm(plan, driver.get(), folder, local, holds, surroundings);
        put(vm);
        return Optional.of(ended ? vm.remember() : vm.adopt());
    }

    private MachinePlan adoptedPlan(LocalRecord local, VmIdentity identity, List<FileStore.Hold> holds) {
        return plan(local.start(), identity, holdsOrPaths(local.start(), holds));
    }

    /** The files of a VM that is here already. One that is missing shows when it is read again. */
    private Map<String, Path> holdsOrPaths(StartVmRequest start, List<FileStore.Hold> holds) {
        Map<String, Path> paths = new HashMap<>();
        for (String sha256 : filesOf(start)) {
            Optional<FileStore.Hold> hold = on.files().hold(new Sha256(sha256));
            hold.ifPresent(holds::add);
            paths.put(sha256, hold.map(FileStore.Hold::path).orElse(on.folder().resolve("missing-" + sha256)));
        }
        return paths;
    }

    private void killAll(VmFolder folder) throws IOException, InterruptedException {
        for (Driver driver : on.drivers().values()) {
            for (ProcessIdentity process : driver.processes(folder)) {
                process.kill();
                if (!process.awaitEnd(Duration.ofSeconds(20))) {
                    throw new IOException("process " + process.pid() + " of " + folder.path() + " does not end");
                }
            }
        }
    }

    private Ownership ownershipAtLast(VmIdentity identity) throws InterruptedException {
        boolean told = false;
        while (true) {
            try {
                return on.records().ownership(identity.name(), identity.uid(), identity.epoch());
            } catch (ClusterAwayException e) {
                if (!told) {
                    log.warn("VM {}: left as it is until its record can be read: {}", identity, e.getMessage());
                    told = true;
                }
                Thread.sleep(AUDIT_RETRY);
            }
        }
    }

    /**
     * Starts a VM; when it was started under the same epoch before, tells what became of that.
     *
     * @return what was observed when the start had come to its end
     */
    public VmObservation start(StartVmRequest request) throws RefusedException, InterruptedException {
        VmIdentity identity = identityOf(request);
        Lock coming = comings.get(identity.uid());
        coming.lockInterruptibly();
        try {
            return startAlone(request, identity);
        } finally {
            coming.unlock();
        }
    }

    private VmObservation startAlone(StartVmRequest request, VmIdentity identity)
            throws RefusedException, InterruptedException {
        Optional<Vm> before = known(identity);
        if (before.isPresent()) {
            return outcome(before.get());
        }
        checkOwnership(identity);
        Driver driver = usableDriver(request.getDriver(), identity);
        makeWay(identity);
        List<FileStore.Hold> holds = new ArrayList<>();
        Vm vm;
        try {
            MachinePlan plan = planOf(request, identity, holds);
            check(driver, plan);
            vm = admit(request, plan, driver, holds);
        } catch (RefusedException e) {
            holds.forEach(FileStore.Hold::close);
            throw e;
        }
        on.witness().reached(StartStep.CHECKED);
        log.info("VM {}: starting with driver {}, operation {}", identity, driver.name(), request.getOperationId());
        CompletableFuture<VmObservation> _ = vm.start();
        VmObservation observation = outcome(vm);
        if (!vm.isBootable()) {
            throw unbootable(identity, observation.getExit().getMessage());
        }
        on.watch().add(identity.name(), identity.uid(), this::recordMayHaveChanged);
        return observation;
    }

    /** Takes the VM in, if it fits. */
    private Vm admit(StartVmRequest request, MachinePlan plan, Driver driver, List<FileStore.Hold> holds)
            throws RefusedException {
        String uid = plan.identity().uid();
        lock.lock();
        try {
            checkFits(plan);
            LocalRecord record = new LocalRecord(request, new LocalState.Starting(Vm.now()), 0);
            Vm vm = new Vm(plan, driver, new VmFolder(on.folder().resolve(uid)), record, holds, surroundings);
            vms.put(uid, vm);
            return vm;
        } finally {
            lock.unlock();
        }
    }

    private VmObservation outcome(Vm vm) throws RefusedException, InterruptedException {
        VmIdentity identity = vm.plan().identity();
        try {
            vm.started().get();
            return vm.observation();
        } catch (ExecutionException e) {
            // The intent could not be recorded: as if the VM had never been asked for.
            forget(vm);
            vm.close();
            deleteQuietly(vm.folder());
            boolean full = e.getCause() instanceof IOException io && DiskSpace.isExhausted(io);
            throw new RefusedException(full ? Reason.DISK_FULL : Reason.HOST_FAILED, "vms/" + identity.name(),
                    "the VM cannot be recorded in " + vm.folder().path() + ": " + e.getCause().getMessage(),
                    full ? "free space on the host's disk" : "see the agent's log on the host").causedBy(e.getCause());
        }
    }

    private static void deleteQuietly(VmFolder folder) {
        try {
            folder.delete();
        } catch (IOException e) {
            log.warn("VM folder {}: cannot be removed", folder.path(), e);
        }
    }

    /** The VM with this uid, when it is here under this epoch; refuses when it is here under a higher one. */
    private Optional<Vm> known(VmIdentity identity) throws RefusedException {
        lock.lock();
        try {
            Vm vm = vms.get(identity.uid());
            if (vm == null) {
                return Optional.empty();
            }
            long here = vm.plan().identity().epoch();
            if (here > identity.epoch()) {
                throw notOwner(identity, "this host has the VM under epoch " + here + " already");
            }
            return here == identity.epoch() ? Optional.of(vm) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** A new epoch begins: what is here of an older one ends. Its logs go on. */
    private void makeWay(VmIdentity identity) throws RefusedException, InterruptedException {
        Optional<Vm> older = find(identity.uid()).filter(vm -> vm.plan().identity().epoch() < identity.epoch());
        if (older.isEmpty()) {
            return;
        }
        try {
            older.get().destroy("the VM was given to this host again, with epoch " + identity.epoch()).get();
        } catch (ExecutionException e) {
            throw new RefusedException(Reason.HOST_FAILED, "vms/" + identity.name(), e.getCause().getMessage(),
                    "look at the process on the host").causedBy(e.getCause());
        }
        forget(older.get());
        older.get().close();
    }

    private void checkOwnership(VmIdentity identity) throws RefusedException, InterruptedException {
        Ownership ownership;
        try {
            ownership = on.records().ownership(identity.name(), identity.uid(), identity.epoch());
        } catch (ClusterAwayException e) {
            throw new RefusedException(Reason.ZOOKEEPER_AWAY, "vms/" + identity.name(),
                    "whether this host owns the VM is not known: " + e.getMessage(), "try again when ZooKeeper is back")
                    .causedBy(e);
        }
        if (!(ownership instanceof Ownership.Ours)) {
            throw notOwner(identity, why(ownership));
        }
    }

    private static String why(Ownership ownership) {
        return switch (ownership) {
            case Ownership.Ours() -> "this host owns the VM";
            case Ownership.Nobodys(String why) -> why;
            case Ownership.Others(String why) -> why;
        };
    }

    private Driver usableDriver(String name, VmIdentity identity) throws RefusedException {
        Driver driver = on.drivers().get(name);
        if (driver == null) {
            throw new RefusedException(Reason.DRIVER_UNUSABLE, "vms/" + identity.name(),
                    "driver : " + name + " (offered here: " + on.drivers().keySet() + ")",
                    "place the VM on a host that offers it");
        }
        if (driver.status() instanceof DriverStatus.Unusable(String message)) {
            throw new RefusedException(Reason.DRIVER_UNUSABLE, "vms/" + identity.name(),
                    "driver " + name + ": " + message,
                    "place the VM on a host where the driver works").with("driver", name);
        }
        return driver;
    }

    private MachinePlan planOf(StartVmRequest request, VmIdentity identity, List<FileStore.Hold> holds)
            throws RefusedException {
        Map<String, Path> paths = new HashMap<>();
        try {
            for (String sha256 : filesOf(request)) {
                FileStore.Hold hold = on.files().hold(new Sha256(sha256))
                        .orElseThrow(() -> new RefusedException(Reason.FILE_MISSING,
                                "files/" + sha256, "file " + sha256 + " is not on this host", "put it here first")
                                .with("sha256", sha256));
                holds.add(hold);
                paths.put(sha256, hold.path());
            }
            return plan(request, identity, paths);
        } catch (IllegalArgumentException e) {
            throw badRequest(request, e);
        }
    }

    private static void check(Driver driver, MachinePlan plan) throws RefusedException {
        try {
            driver.check(plan);
        } catch (UnbootableException e) {
            throw unbootable(plan.identity(), e.getMessage()).causedBy(e);
        } catch (IOException e) {
            throw new RefusedException(Reason.HOST_FAILED, "vms/" + plan.identity().name(),
                    "the VM's files cannot be read: " + e.getMessage(), "see the agent's log on the host").causedBy(e);
        }
    }

    @GuardedBy("lock")
    private void checkFits(MachinePlan plan) throws RefusedException {
        Reserved reserved = Reserved.NONE;
        for (Vm vm : vms.values()) {
            if (!vm.hasEnded()) {
                reserved = reserved.plus(new Demand(vm.plan().vcpus(), vm.plan().memoryBytes()));
            }
        }
        if (on.capacity().fits(reserved, new Demand(plan.vcpus(), plan.memoryBytes())) instanceof Fit.Lacks lacks) {
            throw new RefusedException(Reason.DOES_NOT_FIT, "vms/" + plan.identity().name(),
                    "this host " + lacks.text(),
                    "place the VM on another host");
        }
    }

    private static VmIdentity identityOf(StartVmRequest request) throws RefusedException {
        try {
            return identity(request);
        } catch (IllegalArgumentException e) {
            throw badRequest(request, e);
        }
    }

    private static VmIdentity identity(StartVmRequest request) {
        return new VmIdentity(request.getVm(), request.getUid(), request.getEpoch());
    }

    private static List<String> filesOf(StartVmRequest request) {
        return request.getInitramfsSha256().isEmpty() ? List.of(request.getKernelSha256())
                : List.of(request.getKernelSha256(), request.getInitramfsSha256());
    }

    private static MachinePlan plan(StartVmRequest request, VmIdentity identity, Map<String, Path> paths) {
        new Demand(request.getVcpus(), request.getMemoryBytes());
        return new MachinePlan(identity, request.getVcpus(), request.getMemoryBytes(),
                paths.get(request.getKernelSha256()),
                Optional.ofNullable(paths.get(request.getInitramfsSha256())), request.getCommandLine());
    }

    private static RefusedException badRequest(StartVmRequest request, IllegalArgumentException e) {
        return new RefusedException(Reason.BAD_REQUEST, "vms/" + request.getVm(), e.getMessage(), "correct the request")
                .causedBy(e);
    }

    private static RefusedException unbootable(VmIdentity identity, String message) {
        return new RefusedException(Reason.UNBOOTABLE, "vms/" + identity.name(), message,
                "give the VM another image or command line");
    }

    private static RefusedException notOwner(VmIdentity identity, String why) {
        return new RefusedException(Reason.NOT_OWNER, "vms/" + identity.name(),
                "this host may not run " + identity + ": " + why,
                "read the VM's record again");
    }

    /**
     * Begins to stop a VM.
     *
     * @param grace zero: by force, at once
     */
    public VmObservation stop(String uid, long epoch, Duration grace) throws RefusedException, InterruptedException {
        Vm vm = require(uid);
        long here = vm.plan().identity().epoch();
        if (here != epoch) {
            throw notOwner(vm.plan().identity(), "it runs under epoch " + here + ", not " + epoch);
        }
        try {
            return vm.stop(grace).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("stopping never fails", e);
        }
    }

    /** Forgets a VM whose run has ended, with its folder. */
    public void remove(String uid, long epoch) throws RefusedException, InterruptedException {
        Lock going = comings.get(uid);
        going.lockInterruptibly();
        try {
            removeAlone(uid, epoch);
        } finally {
            going.unlock();
        }
    }

    private void removeAlone(String uid, long epoch) throws RefusedException {
        Optional<Vm> found = find(uid);
        if (found.isEmpty()) {
            return;
        }
        Vm vm = found.get();
        VmIdentity identity = vm.plan().identity();
        if (identity.epoch() > epoch) {
            throw notOwner(identity, "it is here under epoch " + identity.epoch() + ", not " + epoch);
        }
        if (!vm.hasEnded()) {
            throw new RefusedException(Reason.VM_RUNS, "vms/" + identity.name(), "the VM's run has not ended",
                    "stop it first");
        }
        forget(vm);
        vm.close();
        try {
            vm.folder().delete();
        } catch (IOException e) {
            throw new RefusedException(Reason.HOST_FAILED, "vms/" + identity.name(),
                    "the VM's folder cannot be removed: " + e.getMessage(), "remove " + vm.folder().path() + " by hand")
                    .causedBy(e);
        }
        log.info("VM {}: removed", identity);
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
        return find(uid).filter(vm -> !vm.hasEnded()).isPresent();
    }

    private Vm require(String uid) throws RefusedException {
        return find(uid).orElseThrow(() -> new RefusedException(Reason.VM_NOT_FOUND, "vms/uid/" + uid,
                "no VM with uid " + uid + " is on this host", "read the VM's record again"));
    }

    private Optional<Vm> find(String uid) {
        lock.lock();
        try {
            return Optional.ofNullable(vms.get(uid));
        } finally {
            lock.unlock();
        }
    }

    private List<Vm> all() {
        lock.lock();
        try {
            return List.copyOf(vms.values());
        } finally {
            lock.unlock();
        }
    }

    private void put(Vm vm) {
        VmIdentity identity = vm.plan().identity();
        lock.lock();
        try {
            vms.put(identity.uid(), vm);
        } finally {
            lock.unlock();
        }
        on.watch().add(identity.name(), identity.uid(), this::recordMayHaveChanged);
    }

    private void forget(Vm vm) {
        String uid = vm.plan().identity().uid();
        boolean removed;
        lock.lock();
        try {
            removed = vms.remove(uid, vm);
        } finally {
            lock.unlock();
        }
        if (removed) {
            on.watch().remove(uid);
            on.board().removed(uid);
        }
    }

    private void recordMayHaveChanged(String uid) {
        Thread.ofVirtual().name("audit " + uid).start(() -> {
            Lock going = comings.get(uid);
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

    /** Reads the record of a VM that runs here, and destroys the VM if this host may not run it. */
    private void audit(String uid) throws InterruptedException {
        Optional<Vm> found = find(uid).filter(vm -> !vm.hasEnded());
        if (found.isEmpty()) {
            return;
        }
        Vm vm = found.get();
        VmIdentity identity = vm.plan().identity();
        Ownership ownership;
        try {
            ownership = on.records().ownership(identity.name(), identity.uid(), identity.epoch());
        } catch (ClusterAwayException e) {
            // The watch tells again after the next connection; a failure on a good one is tried again here.
            log.info("VM {}: its record cannot be read; trying again: {}", identity, e.getMessage());
            ScheduledFuture<?> _ = on.timer().schedule(() -> recordMayHaveChanged(uid), AUDIT_RETRY.toMillis(),
                    TimeUnit.MILLISECONDS);
            return;
        }
        if (ownership instanceof Ownership.Ours) {
            return;
        }
        try {
            vm.destroy(why(ownership)).get();
            forget(vm);
            vm.close();
            graveyard.bury(vm.folder(), identity.name(), why(ownership));
        } catch (ExecutionException | IOException e) {
            log.error("VM {}: may not run here ({}), but cannot be destroyed; trying again", identity, why(ownership),
                    e);
            ScheduledFuture<?> _ = on.timer().schedule(() -> recordMayHaveChanged(uid), AUDIT_RETRY.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
    }

    /** Lets go of all VMs: they run on. */
    @Override
    public void close() {
        for (Vm vm : all()) {
            vm.close();
        }
    }
}
