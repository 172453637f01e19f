package io.drover.agent.vm;

import io.drover.agent.console.Console;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.handoff.DestinationHandOff;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.holding.NoteFile;
import io.drover.agent.lease.Leases;
import io.drover.agent.migration.Migrations;
import io.drover.agent.net.VmNics;
import io.drover.agent.share.HostShares;
import io.drover.agent.share.ShareOrder;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.migration.Move;
import java.io.IOException;
import java.io.Serial;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * One VM on this host. All that happens to it happens on its queue, one thing after the other; what is public here may be called
 * from any thread.
 */
final class Vm implements AutoCloseable {
    /**
     * What all VMs of a host share.
     *
     * @param audit told the uid of a VM whose record is to be looked at
     */
    record Surroundings(ScheduledExecutorService timer, Consumer<VmObservation> observer, StartStep.Witness witness,
            HostShares shares, Leases leases, Migrations migrations, Consumer<String> audit) {}

    /** The intent to start the VM could not be made durable: nothing was started. */
    static final class NotRecordedException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        private NotRecordedException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private final Driver driver;
    private final Surroundings surroundings;
    private final TaskQueue queue;
    private final VmLedger ledger;
    private final VmRun run;
    private final VmHandOffs handOffs;
    private final CompletableFuture<VmObservation> started = new CompletableFuture<>();

    /**
     * A VM that is to be started or adopted.
     *
     * @param record as it is, or is to be, in the folder
     * @param prepared its files are held until the run ends, as each reboot reads them again, and the images under its disks
     *        as long as the VM is here
     * @param preparation for when its devices change
     */
    Vm(StartOrder.Prepared prepared, Driver driver, VmFolder folder, LocalRecord record, Surroundings surroundings,
            VmLedger.Preparation preparation) {
        this.driver = driver;
        this.surroundings = surroundings;
        this.ledger = new VmLedger(folder, record, prepared, preparation, surroundings.observer());
        this.queue = new TaskQueue("VM " + plan().identity(), surroundings.timer());
        this.run = new VmRun(ledger, driver, surroundings, queue, this::takeEnd);
        this.handOffs = new VmHandOffs(ledger, run, queue, surroundings);
    }

    private boolean takeEnd(MachineEnd end) {
        return handOffs.take(end);
    }

    MachinePlan plan() {
        return ledger.plan();
    }

    long epoch() {
        return plan().identity().epoch();
    }

    ShareOrder share() {
        return ledger.prepared().share();
    }

    /** What it uses up of the host. */
    Demand demand() {
        return share().demand(plan().vcpus(), plan().memoryBytes());
    }

    /** The CPUs of the host that it has to itself. */
    List<Integer> cpus() {
        return run.share().cpus();
    }

    /** Gives it these CPUs, before it is started. */
    void give(List<Integer> allotted) {
        run.share().give(allotted);
    }

    /** The ports of the host that lead to its guest while it runs. */
    List<MachineNic.Forward> forwards() {
        return plan().nics().stream().flatMap(nic -> nic.forwards().stream()).toList();
    }

    VmNics nics() {
        return ledger.prepared().nics();
    }

    VmFolder folder() {
        return ledger.folder();
    }

    Console console() {
        return run.console();
    }

    VmObservation observation() {
        return ledger.observation();
    }

    /** What runs now, if anything does: it may end at any time. */
    Optional<Machine> machine() {
        return run.machine();
    }

    String driver() {
        return driver.name();
    }

    boolean hasEnded() {
        return observation().getState() == VmObservation.State.ENDED;
    }

    /** Whether the driver did not refuse to boot what the plan names. */
    boolean isBootable() {
        return run.isBootable();
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
            record();
            surroundings.witness().reached(StartStep.INTENT_RECORDED);
            run.launch(ledger.record().reboots());
        });
    }

    /** Of a folder's earlier stay of the VM nothing counts from then on. */
    private void record() throws NotRecordedException {
        try {
            folder().create();
            new NoteFile(folder().handOff()).forget();
            ledger.write(ledger.record());
        } catch (IOException e) {
            throw new NotRecordedException(e);
        }
        ledger.show();
    }

    /**
     * As {@link #start}, but its guest comes from another host: completes when the hand-off has begun.
     *
     * @param move that the record has as PREPARING, to this host
     */
    CompletableFuture<VmObservation> receive(Move move) {
        handOffs.expect();
        return begun(() -> {
            try {
                record();
            } catch (NotRecordedException e) {
                handOffs.giveUp();
                throw e;
            }
            handOffs.begin(DestinationHandOff.begin(move));
        });
    }

    /** Joins the hand-off that its guest leaves by. */
    CompletableFuture<VmObservation> join(HandOff.Step first) {
        handOffs.expect();
        return observed(() -> {
            if (isSuspending()) {
                // It does not leave while it is being saved; when it was not, its record is looked at again.
                handOffs.giveUp();
                surroundings.audit().accept(plan().identity().uid());
                return;
            }
            handOffs.begin(first);
        });
    }

    /** As {@link #adopt}, of a VM that was in a hand-off: nothing of it runs on but what that says. */
    CompletableFuture<VmObservation> rejoin(HandOffNote note) {
        handOffs.expect();
        return begun(() -> handOffs.rejoin(note));
    }

    /** Whether a hand-off alone decides about it. */
    boolean isMoving() {
        return handOffs.areUnderWay();
    }

    /** Whether it is here for its guest to come: it has not run here yet. */
    boolean isArriving() {
        return isMoving() && ledger.state() instanceof LocalState.Starting;
    }

    /** Whether its guest runs here, as far as is known. */
    boolean isRunning() {
        return ledger.state() instanceof LocalState.Running && machine().isPresent();
    }

    /** Whether its guest is being saved. */
    boolean isSuspending() {
        return ledger.state() instanceof LocalState.Suspending;
    }

    /** Whether a change of its devices is under way. */
    boolean isChanging() {
        return ledger.record().devices().pending().isPresent();
    }

    /** For its hand-off. */
    void recordMayHaveChanged() {
        handOffs.recordMayHaveChanged();
    }

    /**
     * Goes on with what an earlier agent left, by its record and by what runs. The host must own the VM under this
     * epoch.
     */
    CompletableFuture<VmObservation> adopt() {
        return begun(run::adopt);
    }

    /** Shows an end that is already recorded. */
    CompletableFuture<VmObservation> remember() {
        return begun(run::remember);
    }

    private CompletableFuture<VmObservation> begun(TaskQueue.Task task) {
        return observed(task).whenComplete((seen, failure) -> {
            if (failure == null) {
                started.complete(seen);
            } else {
                started.completeExceptionally(failure);
            }
        });
    }

    private CompletableFuture<VmObservation> observed(TaskQueue.Task task) {
        return queue.ask(() -> {
            task.run();
            return observation();
        });
    }

    /**
     * Begins to stop it.
     *
     * @param grace how long the guest is waited for; zero: it is not asked
     */
    CompletableFuture<VmObservation> stop(Duration grace) {
        return observed(() -> run.stop(grace));
    }

    /**
     * Begins to save it; what becomes of that is observed. Does nothing when nothing runs that can be saved now.
     *
     * @return exceptionally with an IOException when the intent could not be recorded: then nothing happened
     */
    CompletableFuture<VmObservation> suspend(String operation) {
        return observed(() -> {
            if (!isMoving()) {
                run.suspend(operation);
            }
        });
    }

    /** Calls off that it is being saved, if it is and can be still; what becomes of that is observed. */
    CompletableFuture<VmObservation> cancelSuspension() {
        return observed(run::cancelSuspension);
    }

    /**
     * Ends its process, whatever it does, because this host may not run it any more.
     *
     * @return completes when no process is left; exceptionally when one does not end
     */
    CompletableFuture<VmObservation> destroy(String why) {
        return observed(() -> run.destroy(why));
    }

    /** As {@link #destroy}, of what an earlier agent left: only what is kept of the VM stays. */
    CompletableFuture<VmObservation> retire(String why) {
        return begun(() -> run.destroy(why));
    }

    /**
     * Begins to change a device of what runs; what becomes of it is observed. Does nothing when it knows of a newer change, or
     * nothing runs.
     *
     * @return exceptionally with an IOException when the intent could not be recorded: then nothing happened
     */
    CompletableFuture<VmObservation> change(ChangeDeviceRequest request) {
        return observed(() -> run.change(request));
    }

    /** Trims the logs that its process writes. */
    void trimLogs() {
        queue.post(run::trimLogs);
    }

    /** Lets go of it: its process runs on. Returns when nothing more happens here. */
    @Override
    public void close() {
        queue.close();
        handOffs.close();
        run.letGo();
        ledger.prepared().release();
    }

    /** As exact as it is stored, so that what is read again is what was shown. */
    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
