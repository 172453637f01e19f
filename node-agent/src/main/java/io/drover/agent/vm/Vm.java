package io.drover.agent.vm;

import io.drover.agent.console.Console;
import io.drover.agent.driver.Adoption;
import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.files.FileStore;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.lease.LeaseHolder;
import io.drover.agent.lease.Leases;
import io.drover.agent.net.VmNics;
import io.drover.agent.share.HostShares;
import io.drover.agent.share.ShareOrder;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.scheduler.capacity.Demand;
import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VM on this host, under one epoch. All that happens to it happens on its queue, one thing after the other; what
 * is public here may be called from any thread.
 */
final class Vm implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Vm.class);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(20);
    /** A guest that was asked to let go of a device may not have listened yet. */
    private static final Duration DEVICE_PAUSE = Duration.ofSeconds(1);

    /** What all VMs of a host share. */
    record Surroundings(ScheduledExecutorService timer, Consumer<VmObservation> observer, StartStep.Witness witness,
            HostShares shares, Leases leases) {}

    /** Makes the plan of a machine that is here already, with its files held. */
    interface Preparation {
        StartOrder.Prepared of(StartVmRequest start);
    }

    /** The intent to start the VM could not be made durable: nothing was started. */
    static final class NotRecordedException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        private NotRecordedException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private final Driver driver;
    private final VmFolder folder;
    private final Surroundings surroundings;
    private final Preparation preparation;
    private final Console console = new Console();
    private final TaskQueue queue;
    private final CompletableFuture<VmObservation> started = new CompletableFuture<>();

    /** Changed by the queue only; others look. */
    private volatile StartOrder.Prepared prepared;

    // Owned by the queue.
    private LocalRecord record;
    /** For what a change of devices waits. */
    private String waiting = "";
    /** Changed by the queue only; others look. */
    private volatile Optional<Machine> machine = Optional.empty();
    /** What its lease is renewed by, while it has one. */
    private volatile Optional<LeaseHolder> holder = Optional.empty();
    private final RebootBackOff backOff = new RebootBackOff();

    /** As in the record, for others to look at. */
    private volatile List<Integer> cpus;
    /** The last thing that was observed. */
    private volatile VmObservation observation;
    private volatile boolean bootable = true;

    /**
     * A VM that is to be started or adopted.
     *
     * @param record as it is, or is to be, in the folder
     * @param prepared its files are held until the run ends, as each reboot reads them again, and the images under its disks
     *        as long as the VM is here
     * @param preparation for when its devices change
     */
    Vm(StartOrder.Prepared prepared, Driver driver, VmFolder folder, LocalRecord record, Surroundings surroundings,
            Preparation preparation) {
        this.prepared = prepared;
        this.preparation = preparation;
        this.cpus = record.given().cpus();
        this.driver = driver;
        this.folder = folder;
        this.record = record;
        this.surroundings = surroundings;
        this.observation = observed(record);
        this.queue = new TaskQueue("VM " + plan().identity(), surroundings.timer());
    }

    MachinePlan plan() {
        return prepared.plan();
    }

    long epoch() {
        return plan().identity().epoch();
    }

    ShareOrder share() {
        return prepared.share();
    }

    /** What it uses up of the host. */
    Demand demand() {
        return prepared.share().demand(plan().vcpus(), plan().memoryBytes());
    }

    /** The CPUs of the host that it has to itself. */
    List<Integer> cpus() {
        return cpus;
    }

    /** Gives it these CPUs, before it is started. */
    void give(List<Integer> allotted) {
        cpus = List.copyOf(allotted);
        record = record.withGiven(new LocalRecord.Given(cpus, record.given().cpuid()));
    }

    /** The ports of the host that lead to its guest while it runs. */
    List<MachineNic.Forward> forwards() {
        return plan().nics().stream().flatMap(nic -> nic.forwards().stream()).toList();
    }

    VmNics nics() {
        return prepared.nics();
    }

    VmFolder folder() {
        return folder;
    }

    Console console() {
        return console;
    }

    VmObservation observation() {
        return observation;
    }

    /** What runs now, if anything does: it may end at any time. */
    Optional<Machine> machine() {
        return machine;
    }

    String driver() {
        return driver.name();
    }

    boolean hasEnded() {
        return observation.getState() == VmObservation.State.ENDED;
    }

    /** Whether the driver did not refuse to boot what the plan names. */
    boolean isBootable() {
        return bootable;
    }

    /** Completes when the start, or the adoption, has come to its end, with what was observed then. */
    CompletableFuture<VmObservation> started() {
        return started;
    }

    /**
     * Starts it.
     *
     * @return {@link #started}; exceptionally with an IOException when the intent could not be recorded: then nothing
     *        happened
     */
    CompletableFuture<VmObservation> start() {
        return begun(() -> {
            try {
                folder.create();
                record.write(folder);
            } catch (IOException e) {
                throw new NotRecordedException(e);
            }
            surroundings.observer().accept(observation);
            surroundings.witness().reached(StartStep.INTENT_RECORDED);
            launch(record.reboots());
            return observation;
        });
    }

    /**
     * Goes on with what an earlier agent left, by its record and by what runs. The host must own the VM under this
     * epoch.
     */
    CompletableFuture<VmObservation> adopt() {
        return begun(() -> {
            adoptNow();
            return observation;
        });
    }

    /** Shows an end that is already recorded. */
    CompletableFuture<VmObservation> remember() {
        return begun(() -> {
            rememberNow();
            return observation;
        });
    }

    private CompletableFuture<VmObservation> begun(TaskQueue.Question<VmObservation> question) {
        return queue.ask(question).whenComplete((seen, failure) -> {
            if (failure == null) {
                started.complete(seen);
            } else {
                started.completeExceptionally(failure);
            }
        });
    }

    /**
     * Begins to stop it.
     *
     * @param grace how long the guest is waited for; zero: it is not asked
     */
    CompletableFuture<VmObservation> stop(Duration grace) {
        return queue.ask(() -> {
            stopNow(grace);
            return observation;
        });
    }

    /**
     * Ends its process, whatever it does, because this host may not run it any more.
     *
     * @return completes when no process is left; exceptionally when one does not end
     */
    CompletableFuture<VmObservation> destroy(String why) {
        return queue.ask(() -> {
            destroyNow(why);
            return observation;
        });
    }

    /** As {@link #destroy}, of what an earlier agent left: only what is kept of the VM stays. */
    CompletableFuture<VmObservation> retire(String why) {
        return begun(() -> {
            destroyNow(why);
            return observation;
        });
    }

    private void destroyNow(String why) throws IOException, InterruptedException {
        log.warn("VM {}: destroyed here: {}", plan().identity(), why);
        endLease();
        machine.ifPresent(Machine::kill);
        killAll();
        apply(new LocalEvent.MachineEnded(new MachineEnd.Failed("destroyed: " + why)));
    }

    /** Trims the logs that its process writes. */
    void trimLogs() {
        queue.post(() -> {
            if (machine.isPresent()) {
                machine.get().trimLogs();
            }
        });
    }

    /** Lets go of it: its process runs on. Returns when nothing more happens here. */
    @Override
    public void close() {
        queue.close();
        endLease();
        machine.ifPresent(Machine::close);
        console.end();
        prepared.release();
    }

    private VmObservation observed(LocalRecord now) {
        return now.observation(prepared.disks().anyThere(), waiting);
    }

    private void launch(int reboots) throws InterruptedException {
        try {
            settleDevices();
            Machine spawned = spawn();
            surroundings.witness().reached(StartStep.SPAWNED);
            record = record.withReboots(reboots);
            runs(spawned);
            surroundings.witness().reached(StartStep.RUN_RECORDED);
        } catch (UnbootableException e) {
            bootable = false;
            apply(new LocalEvent.CannotStart(e.getMessage()));
        } catch (IOException e) {
            log.error("VM {}: cannot be started", plan().identity(), e);
            apply(new LocalEvent.HostCannotStart(e.getMessage()));
        }
    }

    /** Before a process begins: it has the devices that were asked for last. */
    private void settleDevices() throws IOException {
        Optional<ChangeDeviceRequest> pending = record.devices().pending();
        if (pending.isPresent()) {
            try {
                StartVmRequest next = DeviceOrder.applied(record.start(), pending.get());
                prepare(next);
                record = record.with(next, record.devices().done());
                if (pending.get().hasDetachDisk()) {
                    prepared.disks().remove(pending.get().getDetachDisk().getName());
                }
            } catch (IllegalArgumentException e) {
                record = record.with(record.start(), record.devices().failed(e.getMessage()));
            }
        }
        for (String removed : record.start().getRemovedDisksList()) {
            if (record.start().getDisksList().stream().noneMatch(disk -> disk.getName().equals(removed))) {
                prepared.disks().remove(removed);
            }
        }
        record = record.with(record.start().toBuilder().clearRemovedDisks().build(), record.devices());
        record.write(folder);
    }

    private void prepare(StartVmRequest next) {
        StartOrder.Prepared before = prepared;
        prepared = preparation.of(next);
        before.release();
    }

    /**
     * Begins to change a device of what runs; what becomes of it is observed. Does nothing when it knows of a newer change, or
     * nothing runs.
     *
     * @return exceptionally with an IOException when the intent could not be recorded: then nothing happened
     */
    CompletableFuture<VmObservation> change(ChangeDeviceRequest request) {
        return queue.ask(() -> {
            boolean runs = record.state() instanceof LocalState.Running && machine.isPresent();
            if (runs && record.devices().newest() < request.getGeneration()) {
                LocalRecord asked = record.with(record.start(), record.devices().asked(request));
                asked.write(folder);
                record = asked;
                changeDevices();
            }
            return observation;
        });
    }

    /** Goes as far as it can with the change that was asked for, and on later if it must. */
    private void changeDevices() throws InterruptedException {
        Optional<ChangeDeviceRequest> pending = record.devices().pending();
        if (pending.isEmpty() || machine.isEmpty() || !(record.state() instanceof LocalState.Running)) {
            return;
        }
        ChangeDeviceRequest change = pending.get();
        Optional<StartOrder.Prepared> after = Optional.empty();
        boolean done = false;
        try {
            StartVmRequest next = DeviceOrder.applied(record.start(), change);
            after = Optional.of(preparation.of(next));
            Optional<String> wait = new DeviceWork(change, prepared, after.get(), driver.user(folder))
                    .goOn(machine.get().devices());
            done = wait.isEmpty();
            waiting = wait.orElse("");
            if (done) {
                StartOrder.Prepared before = prepared;
                prepared = after.get();
                before.release();
                record = record.with(next, record.devices().done());
            }
        } catch (DeviceRefusedException | IllegalArgumentException e) {
            log.info("VM {}: its devices stay as they are: {}", plan().identity(), e.getMessage());
            record = record.with(record.start(), record.devices().failed(e.getMessage()));
        } catch (IOException e) {
            log.warn("VM {}: its devices cannot be changed; trying again", plan().identity(), e);
            waiting = e.getMessage();
        } finally {
            if (!done) {
                after.ifPresent(StartOrder.Prepared::release);
            }
        }
        devicesChanged();
        if (record.devices().pending().isPresent()) {
            queue.postLater(DEVICE_PAUSE, this::changeDevices);
        }
    }

    private void devicesChanged() {
        try {
            record.write(folder);
        } catch (IOException e) {
            // The next agent does it again, which changes nothing.
            log.error("VM {}: its devices cannot be recorded in {}", plan().identity(), folder.path(), e);
        }
        VmObservation now = observed(record);
        if (!now.equals(observation)) {
            observation = now;
            surroundings.observer().accept(now);
        }
    }

    /** With its disks, which are made if this is the first time, and what its nics need, which is made every time. */
    private Machine spawn() throws UnbootableException, IOException, InterruptedException {
        List<Path> made = prepared.disks().make();
        surroundings.witness().reached(StartStep.DISKS_MADE);
        boolean spawned = false;
        try {
            prepared.nics().make(driver.user(folder));
            surroundings.witness().reached(StartStep.NICS_MADE);
            MachinePlan shared = plan()
                    .withShare(surroundings.shares().give(plan(), prepared.share(), driver.name(), cpus,
                            record.given().cpuid()));
            Machine running = driver.spawn(shared, folder, console);
            spawned = true;
            return running;
        } finally {
            if (!spawned) {
                // No guest has seen them: they do not tie the VM to this host.
                prepared.disks().discard(made);
            }
        }
    }

    private void runs(Machine running) throws InterruptedException {
        machine = Optional.of(running);
        rememberCpuid(running);
        beginLease(running);
        apply(new LocalEvent.Runs(running.process()));
        changeDevices();
        CompletableFuture<Void> _ = running.end().thenAccept(end -> queue.post(() -> ended(running, end)));
    }

    /** So that the guest finds the same CPU when it reboots. */
    private void rememberCpuid(Machine running) {
        if (!record.given().cpuid().isEmpty()) {
            return;
        }
        try {
            record = record.withGiven(new LocalRecord.Given(cpus, running.cpuid()));
        } catch (IOException e) {
            log.warn("VM {}: what its guest is shown by CPUID is not known", plan().identity(), e);
        }
    }

    /** Its guest does not run before it is known for certain that this host still owns it. */
    private void beginLease(Machine running) {
        if (plan().leased()) {
            LeaseHolder begun = running::renewLease;
            holder = Optional.of(begun);
            surroundings.leases().add(plan().identity(), begun);
        }
    }

    private void endLease() {
        holder.ifPresent(begun -> surroundings.leases().remove(plan().identity(), begun));
        holder = Optional.empty();
    }

    private void ended(Machine which, MachineEnd end) throws InterruptedException {
        if (machine.filter(which::equals).isEmpty()) {
            return;
        }
        machine = Optional.empty();
        endLease();
        which.close();
        Instant ranSince = record.state().since();
        apply(new LocalEvent.MachineEnded(end));
        startAgainIfRebooted(ranSince);
    }

    private void startAgainIfRebooted(Instant ranSince) {
        if (!(record.state() instanceof LocalState.Starting)) {
            return;
        }
        Duration pause = backOff.after(Duration.between(ranSince, now()));
        if (pause.isPositive()) {
            log.warn("VM {}: the guest reboots over and over; starting it again in {} s", plan().identity(),
                    pause.toSeconds());
        }
        queue.postLater(pause, () -> {
            if (record.state() instanceof LocalState.Starting && machine.isEmpty()) {
                launch(record.reboots() + 1);
            }
        });
    }

    private void stopNow(Duration grace) throws InterruptedException {
        Instant now = now();
        LocalState before = record.state();
        apply(new LocalEvent.StopAsked(now.plus(grace)));
        if (!(record.state() instanceof LocalState.Stopping stopping) || machine.isEmpty()) {
            return;
        }
        if (!stopping.deadline().isAfter(now)) {
            machine.get().kill();
            return;
        }
        if (!(before instanceof LocalState.Stopping)) {
            pressPowerButton(machine.get());
        }
        killAtDeadline(stopping);
    }

    private void pressPowerButton(Machine running) {
        try {
            running.pressPowerButton();
        } catch (IOException e) {
            log.warn("VM {}: the power button cannot be pressed; waiting for the grace to run out", plan().identity(),
                    e);
        }
    }

    private void killAtDeadline(LocalState.Stopping stopping) {
        queue.postLater(Duration.between(now(), stopping.deadline()), () -> {
            if (record.state() instanceof LocalState.Stopping now && !now.deadline().isAfter(stopping.deadline())) {
                machine.ifPresent(Machine::kill);
            }
        });
    }

    private void rememberNow() throws IOException {
        byte[] past = LogReader.tail(folder.consoleLog(), Console.SCROLLBACK_BYTES);
        console.output(past, 0, past.length);
        console.end();
        surroundings.observer().accept(observation);
    }

    private void adoptNow() throws IOException, InterruptedException {
        if (record.state() instanceof LocalState.Ended) {
            rememberNow();
            return;
        }
        Adoption found;
        try {
            found = driver.adopt(plan().withShare(surroundings.shares().given(prepared.share(), cpus)), folder,
                    console);
        } catch (IOException e) {
            found = new Adoption.Ended(new MachineEnd.Failed(
                    "did not answer the agent that came back, and was killed: " + e.getMessage()));
            killAll();
        }
        Instant since = record.state().since();
        switch (found) {
            case Adoption.Adopted(Machine running) -> {
                log.info("VM {}: adopted, pid {}", plan().identity(), running.process().pid());
                runs(running);
                surroundings.observer().accept(observation);
                if (record.state() instanceof LocalState.Stopping stopping) {
                    killAtDeadline(stopping);
                }
            }
            case Adoption.Ended(MachineEnd end) -> {
                apply(new LocalEvent.MachineEnded(end));
                startAgainIfRebooted(since);
            }
            case Adoption.NoTrace() -> resumeWithoutTrace();
        }
    }

    private void killAll() throws IOException, InterruptedException {
        driver.endAll(folder, KILL_PATIENCE);
    }

    private void resumeWithoutTrace() throws InterruptedException {
        switch (record.state()) {
            case LocalState.Starting ignored -> {
                log.info("VM {}: its start was begun by an earlier agent; starting it", plan().identity());
                launch(record.reboots());
            }
            case LocalState.Running ignored -> apply(new LocalEvent.MachineEnded(
                    new MachineEnd.Failed(
                            "its process is gone without a trace: killed, or the host restarted, while no agent was here")));
            case LocalState.Stopping ignored -> apply(new LocalEvent.MachineEnded(new MachineEnd.Killed()));
            case LocalState.Ended ignored -> {
            }
        }
    }

    /** As exact as it is stored, so that what is read again is what was shown. */
    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    private void apply(LocalEvent event) throws InterruptedException {
        LocalState next = record.state().after(event, now());
        LocalRecord changed = record.withState(next);
        if (observed(changed).equals(observation) && next.equals(record.state())) {
            return;
        }
        record = changed;
        try {
            record.write(folder);
        } catch (IOException e) {
            // The guest matters more than the note; the next agent finds out by what runs.
            log.error("VM {}: its state cannot be recorded in {}", plan().identity(), folder.path(), e);
        }
        observation = observed(record);
        switch (next) {
            case LocalState.Ended(VmExit exit) -> {
                log.info("VM {}: ended, {}: {}", plan().identity(), exit.cause(), exit.message());
                console.end();
                prepared.files().forEach(FileStore.Hold::close);
                prepared.nics().release();
            }
            case LocalState.Running running ->
                log.info("VM {}: runs, pid {}", plan().identity(), running.process().pid());
            case LocalState.Starting ignored -> log.info("VM {}: the guest rebooted", plan().identity());
            case LocalState.Stopping ignored -> log.info("VM {}: stopping", plan().identity());
        }
        surroundings.observer().accept(observation);
    }
}
