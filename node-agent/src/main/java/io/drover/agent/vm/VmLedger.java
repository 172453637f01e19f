package io.drover.agent.vm;

import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.folder.SavedState;
import io.drover.agent.folder.VmFolder;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of a VM on this host: kept in its folder, and shown to controllers. Changed by the VM's queue only; anybody may
 * look.
 */
final class VmLedger {
    private static final Logger log = LoggerFactory.getLogger(VmLedger.class);

    /** Makes the plan of a machine that is here already, with its files held. */
    interface Preparation {
        StartOrder.Prepared of(StartVmRequest start);
    }

    private final VmFolder folder;
    private final Preparation preparation;
    private final Consumer<VmObservation> observer;

    private volatile LocalRecord record;
    private volatile StartOrder.Prepared prepared;
    /** For what a change of devices waits. */
    private volatile String waiting = "";
    /** How its latest migration goes, or went, as far as this agent has seen. */
    private volatile Optional<MigrationObservation> migration = Optional.empty();
    /** How it is being saved, or why it was not, as far as this agent has seen. */
    private volatile Optional<VmObservation.Suspension> suspension = Optional.empty();
    private volatile VmObservation observation;

    /**
     * Of a VM that is to be started or adopted.
     *
     * @param record as it is, or is to be, in the folder
     * @param prepared by that record
     */
    VmLedger(VmFolder folder, LocalRecord record, StartOrder.Prepared prepared, Preparation preparation,
            Consumer<VmObservation> observer) {
        this.folder = folder;
        this.record = record;
        this.prepared = prepared;
        this.preparation = preparation;
        this.observer = observer;
        this.observation = observed();
    }

    VmFolder folder() {
        return folder;
    }

    LocalRecord record() {
        return record;
    }

    LocalState state() {
        return record.state();
    }

    StartOrder.Prepared prepared() {
        return prepared;
    }

    MachinePlan plan() {
        return prepared.plan();
    }

    VmIdentity identity() {
        return plan().identity();
    }

    /** The last thing that was observed. */
    VmObservation observation() {
        return observation;
    }

    /** The plan of another request, with its files held, for {@link #plan(StartOrder.Prepared)}. */
    StartOrder.Prepared prepare(StartVmRequest next) {
        return preparation.of(next);
    }

    /** This is the plan from now on; what only the one before it needed is let go of. */
    void plan(StartOrder.Prepared next) {
        StartOrder.Prepared before = prepared;
        prepared = next;
        before.release();
    }

    /** This is the record from now on, durable with the next that is written. */
    void set(LocalRecord next) {
        record = next;
    }

    /**
     * This is the record from now on, and it is durable.
     *
     * @throws IOException when it cannot be written: then it is as it was
     */
    void write(LocalRecord next) throws IOException {
        next.write(folder);
        record = next;
    }

    /** As {@link #write}, but what cannot be written stands all the same: the guest matters more than the note. */
    private boolean note(LocalRecord next) {
        record = next;
        try {
            next.write(folder);
            return true;
        } catch (IOException e) {
            // The next agent finds out by what runs.
            log.error("VM {}: its state cannot be recorded in {}", identity(), folder.path(), e);
            return false;
        }
    }

    /** The VM is here under this epoch from now on, as its record says at the end of a hand-off. Durable by {@link #keep}. */
    void rise(long epoch) {
        if (epoch != identity().epoch()) {
            record = record.withEpoch(epoch);
            plan(prepare(record.start()));
        }
    }

    /** Makes it durable how the VM is; false when that cannot be. */
    boolean keep() {
        return note(record);
    }

    /**
     * Something has happened to the VM.
     *
     * @return the state that this has led to, to be {@link #show shown}; empty when all is as it was
     */
    Optional<LocalState> apply(LocalEvent event) {
        LocalState before = record.state();
        LocalState next = before.after(event, Vm.now());
        LocalRecord changed = record.withState(next);
        if (next.equals(before) && observed(changed).equals(observation)) {
            return Optional.empty();
        }
        boolean _ = note(changed);
        observation = observed();
        return Optional.of(next);
    }

    /** This is how a change of devices goes; whoever observes is told. */
    void note(LocalRecord next, String waitsFor) {
        waiting = waitsFor;
        boolean _ = note(next);
        VmObservation now = observed();
        if (!now.equals(observation)) {
            observation = now;
            show();
        }
    }

    /** This is how its migration goes; whoever observes is told. */
    void migration(MigrationObservation seen) {
        migration = Optional.of(seen);
        observation = observed();
        show();
    }

    /** How it is being saved, or was not. */
    Optional<VmObservation.Suspension> suspension() {
        return suspension;
    }

    /** This is how it is being saved, or was not; whoever observes is told. */
    void suspension(VmObservation.Suspension seen) {
        suspension = Optional.of(seen);
        observation = observed();
        show();
    }

    /** Tells whoever observes how it is. */
    void show() {
        observer.accept(observation);
    }

    private VmObservation observed() {
        return observed(record);
    }

    private VmObservation observed(LocalRecord now) {
        VmObservation.Builder seen = now.observation(prepared.disks().anyThere(), waiting).toBuilder();
        new SavedState(folder).kept().ifPresent(seen::setSavedEpoch);
        migration.ifPresent(seen::setMigration);
        if (!(now.state() instanceof LocalState.Ended)) {
            suspension.ifPresent(seen::setSuspension);
        }
        return seen.build();
    }
}
