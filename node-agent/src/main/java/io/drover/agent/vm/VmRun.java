package io.drover.agent.vm;

import io.drover.agent.console.Console;
import io.drover.agent.driver.Adoption;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MigratingDriver;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.files.FileStore;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.SavedState;
import io.drover.agent.lease.LeaseHolder;
import io.drover.agent.lease.Leases;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run of a VM on this host: one process after the other, as its guest reboots. Used by the VM's queue only, but for what it
 * says anybody may look at.
 */
final class VmRun {
    private static final Logger log = LoggerFactory.getLogger(VmRun.class);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(20);
    private static final MachineEnd WITHOUT_TRACE = new MachineEnd.Failed(
            "its process is gone without a trace: killed, or the host restarted, while no agent was here");

    /** Sees to what follows the end of a machine. */
    @FunctionalInterface
    interface Ending {
        /** Whether it does: then its guest is not started again here, even if it has rebooted. */
        boolean takes(MachineEnd end);
    }

    private final VmLedger ledger;
    private final Driver driver;
    private final Vm.Surroundings surroundings;
    private final TaskQueue queue;
    private final Console console = new Console();
    private final RunShare share;
    private final DeviceChanges devices;
    private final VmSuspension suspension;
    private final SavedState saved;
    private final Ending ending;
    private final RebootBackOff backOff = new RebootBackOff();

    private volatile Optional<Machine> machine = Optional.empty();
    /** What its lease is renewed by, while it has one. */
    private volatile Optional<LeaseHolder> holder = Optional.empty();
    private volatile boolean bootable = true;

    VmRun(VmLedger ledger, Driver driver, Vm.Surroundings surroundings, TaskQueue queue, Ending ending) {
        this.ledger = ledger;
        this.driver = driver;
        this.surroundings = surroundings;
        this.queue = queue;
        this.ending = ending;
        this.share = new RunShare(ledger, surroundings.shares(), driver.name());
        this.devices = new DeviceChanges(ledger, driver, queue, this::machine);
        this.suspension = new VmSuspension(ledger, queue, this::machine);
        this.saved = new SavedState(ledger.folder());
    }

    /** What runs now, if anything does: it may end at any time. Any thread. */
    Optional<Machine> machine() {
        return machine;
    }

    /** Any thread. */
    Console console() {
        return console;
    }

    /** What of the host it is given. */
    RunShare share() {
        return share;
    }

    /** Whether the driver did not refuse to boot what the plan names. Any thread. */
    boolean isBootable() {
        return bootable;
    }

    /** Begins it. Its intent is recorded. */
    void launch(int reboots) throws InterruptedException {
        if (goesOnFromSaved()) {
            launchSaved();
            return;
        }
        try {
            devices.settle();
            // The disks move on from here: nothing that was saved goes with them any more.
            saved.clear();
            Machine spawned = spawn();
            surroundings.witness().reached(StartStep.SPAWNED);
            ledger.set(ledger.record().withReboots(reboots));
            runs(spawned);
            surroundings.witness().reached(StartStep.RUN_RECORDED);
        } catch (UnbootableException e) {
            bootable = false;
            apply(new LocalEvent.CannotStart(e.getMessage()));
        } catch (IOException e) {
            log.error("VM {}: cannot be started", ledger.identity(), e);
            apply(new LocalEvent.HostCannotStart(e.getMessage()));
        }
    }

    /** Whether the guest is to go on from what was saved of it, and has not yet. */
    private boolean goesOnFromSaved() {
        return ledger.record().start().getSavedEpoch() != 0;
    }

    private void launchSaved() throws InterruptedException {
        long epoch = ledger.record().start().getSavedEpoch();
        if (!saved.isKept(epoch)) {
            apply(new LocalEvent.MachineEnded(new MachineEnd.Failed(
                    "what was saved of its guest is used up, and the process that went on from it is gone")));
            return;
        }
        try {
            devices.settle();
            saved.clearBut(epoch);
            if (!(driver instanceof SavingDriver saving)) {
                throw new IOException("driver " + driver.name() + " does not save VMs to disk");
            }
            Machine spawned = spawn(
                    plan -> saving.spawnSaved(plan, ledger.folder(), console, saved.of(epoch)));
            surroundings.witness().reached(StartStep.SPAWNED);
            goOnFromSaved(spawned);
            surroundings.witness().reached(StartStep.RUN_RECORDED);
        } catch (UnbootableException | IOException e) {
            log.warn("VM {}: cannot go on from what was saved of it", ledger.identity(), e);
            apply(new LocalEvent.CannotGoOn("cannot go on from what was saved: " + e.getMessage()));
        }
    }

    /** The machine has all of it: the file goes, for good, before the guest runs, or it could run twice from the same point. */
    private void goOnFromSaved(Machine made) throws IOException, InterruptedException {
        try {
            saved.clear();
        } catch (IOException e) {
            made.close();
            killAll();
            apply(new LocalEvent.CannotGoOn("cannot go on from what was saved: " + e.getMessage()));
            return;
        }
        ledger.set(ledger.record().wentOn());
        take(made);
        try {
            made.saving().orElseThrow(() -> new IOException("its driver does not save VMs to disk")).goOn();
        } catch (IOException e) {
            log.error("VM {}: its guest cannot be let run; ending it", ledger.identity(), e);
            made.kill();
            return;
        }
        beginLease(made, Leases.NONE, () -> {});
        shows(made);
    }

    private interface Spawning {
        Machine by(MachinePlan plan) throws UnbootableException, IOException, InterruptedException;
    }

    private Machine spawn() throws UnbootableException, IOException, InterruptedException {
        return spawn(plan -> driver.spawn(plan, ledger.folder(), console));
    }

    /** With its disks, which are made if this is the first time, and what its nics need, which is made every time. */
    private Machine spawn(Spawning spawning) throws UnbootableException, IOException, InterruptedException {
        List<Path> made = ledger.prepared().disks().make();
        surroundings.witness().reached(StartStep.DISKS_MADE);
        boolean spawned = false;
        try {
            ledger.prepared().nics().make(driver.user(ledger.folder()));
            surroundings.witness().reached(StartStep.NICS_MADE);
            Machine running = spawning.by(share.toSpawn());
            spawned = true;
            return running;
        } finally {
            if (!spawned) {
                // No guest has seen them: they do not tie the VM to this host.
                ledger.prepared().disks().discard(made);
            }
        }
    }

    /** Begins a machine without a guest, which comes from another host: it does not run before {@link #goOn}. */
    void spawnIncoming() throws UnbootableException, IOException, InterruptedException {
        MigratingDriver migrating = migrating();
        // What is left of an earlier stay of the VM is no disk of it: the record says that they are elsewhere.
        ledger.prepared().disks().clear();
        saved.clear();
        take(spawn(plan -> migrating.spawnIncoming(plan, ledger.folder(), console)));
    }

    private MigratingDriver migrating() throws IOException {
        if (driver instanceof MigratingDriver migrating) {
            return migrating;
        }
        throw new IOException("driver " + driver.name() + " does not migrate");
    }

    /**
     * A hand-off has ended with the VM here: its guest goes on, in the machine that is here, under this epoch. Until that is
     * durable the hand-off's note says why it may.
     *
     * @param seenIn the session in which the record was seen to say so
     * @param runs told when the guest runs, by any thread
     * @return false when the epoch is not durable: the next agent has to find it elsewhere
     * @throws IOException when the machine cannot let it run
     */
    boolean goOn(long epoch, long seenIn, Runnable runs) throws IOException, InterruptedException {
        Machine here = machine.orElseThrow(() -> new IOException("its machine is gone"));
        endLease();
        ledger.rise(epoch);
        here.migration().orElseThrow(() -> new IOException("its driver does not migrate")).resume(epoch);
        beginLease(here, seenIn, runs);
        boolean durable = ledger.keep();
        shows(here);
        return durable;
    }

    /** A hand-off has left the VM here under this epoch, but not its machine. */
    void stayedWithoutMachine(long epoch) {
        ledger.rise(epoch);
        boolean _ = ledger.keep();
        startAgainIfRebooted(ledger.state().since());
        ledger.show();
    }

    private void runs(Machine running) throws InterruptedException {
        take(running);
        beginLease(running, Leases.NONE, () -> {});
        shows(running);
    }

    private void take(Machine taken) {
        machine = Optional.of(taken);
        CompletableFuture<Void> _ = taken.end().thenAccept(end -> queue.post(() -> ended(taken, end)));
    }

    private void shows(Machine running) throws InterruptedException {
        share.rememberCpuid(running);
        apply(new LocalEvent.Runs(running.process()));
        devices.goOn();
    }

    /** A guest that needs leases does not run before it is known for certain that this host still owns it. */
    private void beginLease(Machine running, long seenIn, Runnable runs) {
        if (!ledger.plan().leased()) {
            runs.run();
            return;
        }
        AtomicBoolean first = new AtomicBoolean(true);
        LeaseHolder begun = until -> {
            running.renewLease(until);
            if (first.getAndSet(false)) {
                runs.run();
            }
        };
        holder = Optional.of(begun);
        surroundings.leases().add(ledger.identity(), begun, seenIn);
    }

    private void endLease() {
        holder.ifPresent(begun -> surroundings.leases().remove(ledger.identity(), begun));
        holder = Optional.empty();
    }

    private void ended(Machine which, MachineEnd end) throws InterruptedException {
        if (machine.filter(which::equals).isEmpty()) {
            return;
        }
        machine = Optional.empty();
        endLease();
        which.close();
        Instant ranSince = ledger.state().since();
        apply(suspension.meaning(end));
        if (!ending.takes(end)) {
            startAgainIfRebooted(ranSince);
        }
    }

    private void startAgainIfRebooted(Instant ranSince) {
        if (!(ledger.state() instanceof LocalState.Starting)) {
            return;
        }
        Duration pause = backOff.after(Duration.between(ranSince, Vm.now()));
        if (pause.isPositive()) {
            log.warn("VM {}: the guest reboots over and over; starting it again in {} s", ledger.identity(),
                    pause.toSeconds());
        }
        queue.postLater(pause, () -> {
            if (ledger.state() instanceof LocalState.Starting && machine.isEmpty()) {
                launch(ledger.record().reboots() + 1);
            }
        });
    }

    /** As {@link VmSuspension#ask}. */
    void suspend(String operation) throws IOException {
        suspension.ask(operation);
    }

    /** Has its guest run on, if it is being saved and can be still. */
    void cancelSuspension() {
        if (ledger.state() instanceof LocalState.Suspending) {
            suspension.cancel();
        }
    }

    /** As {@link DeviceChanges#ask}. */
    void change(ChangeDeviceRequest request) throws IOException, InterruptedException {
        devices.ask(request);
    }

    /**
     * Begins to end it.
     *
     * @param grace how long the guest is waited for; zero: it is not asked
     */
    void stop(Duration grace) throws InterruptedException {
        Instant now = Vm.now();
        LocalState before = ledger.state();
        apply(new LocalEvent.StopAsked(now.plus(grace)));
        if (!(ledger.state() instanceof LocalState.Stopping stopping) || machine.isEmpty()) {
            return;
        }
        if (before instanceof LocalState.Suspending) {
            suspension.cancel();
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
            log.warn("VM {}: the power button cannot be pressed; waiting for the grace to run out", ledger.identity(),
                    e);
        }
    }

    private void killAtDeadline(LocalState.Stopping stopping) {
        queue.postLater(Duration.between(Vm.now(), stopping.deadline()), () -> {
            if (ledger.state() instanceof LocalState.Stopping now && !now.deadline().isAfter(stopping.deadline())) {
                machine.ifPresent(Machine::kill);
            }
        });
    }

    /** Ends its process, whatever it does. Returns when none is left. */
    void destroy(String why) throws IOException, InterruptedException {
        log.warn("VM {}: destroyed here: {}", ledger.identity(), why);
        endLease();
        machine.ifPresent(Machine::kill);
        killAll();
        apply(new LocalEvent.MachineEnded(new MachineEnd.Failed("destroyed: " + why)));
    }

    private void killAll() throws IOException, InterruptedException {
        driver.endAll(ledger.folder(), KILL_PATIENCE);
    }

    /** Shows an end that is already recorded. */
    void remember() throws IOException {
        byte[] past = LogReader.tail(ledger.folder().consoleLog(), Console.SCROLLBACK_BYTES);
        console.output(past, 0, past.length);
        console.end();
        ledger.show();
    }

    /** Goes on with what an earlier agent left, by its record and by what runs. */
    void adopt() throws IOException, InterruptedException {
        if (ledger.state() instanceof LocalState.Ended) {
            remember();
            return;
        }
        boolean awaitsSaved = goesOnFromSaved();
        Adoption found;
        try {
            found = awaitsSaved || ledger.state() instanceof LocalState.Suspending
                    ? migrating().adoptAsItIs(share.toAdopt(), ledger.folder(), console)
                    : driver.adopt(share.toAdopt(), ledger.folder(), console);
        } catch (IOException e) {
            found = new Adoption.Ended(new MachineEnd.Failed(
                    "did not answer the agent that came back, and was killed: " + e.getMessage()));
            killAll();
        }
        Instant since = ledger.state().since();
        switch (found) {
            case Adoption.Adopted(Machine running) -> {
                log.info("VM {}: adopted, pid {}", ledger.identity(), running.process().pid());
                if (awaitsSaved) {
                    goOnFromSaved(running);
                } else {
                    runs(running);
                }
                suspension.goOn();
                ledger.show();
                if (ledger.state() instanceof LocalState.Stopping stopping) {
                    killAtDeadline(stopping);
                }
            }
            case Adoption.Ended(MachineEnd end) -> {
                if (awaitsSaved && saved.isKept(ledger.record().start().getSavedEpoch())) {
                    // The guest has not run: before it does, that goes.
                    launch(ledger.record().reboots());
                    return;
                }
                ledger.set(ledger.record().wentOn());
                apply(suspension.meaning(end));
                startAgainIfRebooted(since);
            }
            case Adoption.NoTrace() -> resumeWithoutTrace();
        }
    }

    /** As {@link #adopt}, of a VM in a hand-off: its guest is not let run, and what has ended is not started again. */
    void adoptAsItIs() throws IOException, InterruptedException {
        if (ledger.state() instanceof LocalState.Ended) {
            remember();
            return;
        }
        Adoption found;
        try {
            found = migrating().adoptAsItIs(share.toAdopt(), ledger.folder(), console);
        } catch (IOException e) {
            found = new Adoption.Ended(new MachineEnd.Failed(
                    "did not answer the agent that came back, and was killed: " + e.getMessage()));
            killAll();
        }
        switch (found) {
            case Adoption.Adopted(Machine left) -> {
                log.info("VM {}: adopted in a hand-off, pid {}", ledger.identity(), left.process().pid());
                take(left);
                if (!(ledger.state() instanceof LocalState.Starting)) {
                    // A lease lets nothing run that is paused for the hand-off.
                    beginLease(left, Leases.NONE, () -> {});
                }
            }
            case Adoption.Ended(MachineEnd end) -> apply(new LocalEvent.MachineEnded(end));
            case Adoption.NoTrace() -> {
                if (!(ledger.state() instanceof LocalState.Starting)) {
                    apply(new LocalEvent.MachineEnded(new MachineEnd.Failed("its process is gone without a trace")));
                }
            }
        }
        ledger.show();
    }

    private void resumeWithoutTrace() throws InterruptedException {
        switch (ledger.state()) {
            case LocalState.Starting ignored -> {
                log.info("VM {}: its start was begun by an earlier agent; starting it", ledger.identity());
                launch(ledger.record().reboots());
            }
            case LocalState.Running ignored -> apply(new LocalEvent.MachineEnded(WITHOUT_TRACE));
            case LocalState.Suspending ignored -> apply(suspension.meaning(WITHOUT_TRACE));
            case LocalState.Stopping ignored -> apply(new LocalEvent.MachineEnded(new MachineEnd.Killed()));
            case LocalState.Ended ignored -> {
            }
        }
    }

    /** Trims the logs that its process writes. */
    void trimLogs() throws IOException {
        if (machine.isPresent()) {
            machine.get().trimLogs();
        }
    }

    /** Lets go of it: its process runs on. When the queue does nothing more. */
    void letGo() {
        endLease();
        machine.ifPresent(Machine::close);
        console.end();
    }

    private void apply(LocalEvent event) throws InterruptedException {
        Optional<LocalState> next = ledger.apply(event instanceof LocalEvent.MachineEnded(MachineEnd end)
                ? new LocalEvent.MachineEnded(share.explained(end))
                : event);
        if (next.isEmpty()) {
            return;
        }
        switch (next.get()) {
            case LocalState.Ended(VmExit exit) -> {
                log.info("VM {}: ended, {}: {}", ledger.identity(), exit.cause(), exit.message());
                console.end();
                ledger.prepared().files().forEach(FileStore.Hold::close);
                ledger.prepared().nics().release();
            }
            case LocalState.Suspending ignored -> log.info("VM {}: is being saved", ledger.identity());
            case LocalState.Running running ->
                log.info("VM {}: runs, pid {}", ledger.identity(), running.process().pid());
            case LocalState.Starting ignored -> log.info("VM {}: the guest rebooted", ledger.identity());
            case LocalState.Stopping ignored -> log.info("VM {}: stopping", ledger.identity());
        }
        ledger.show();
    }
}
