package io.drover.agent.vm;

import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachineSaving;
import io.drover.agent.folder.SavedState;
import io.drover.proto.agent.v1.VmObservation.Suspension;
import io.drover.vmm.client.VmmSaveProgress;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves the guest of a VM, and then ends its process. The order is what counts: it is recorded that this is meant; the process
 * pauses the guest and writes it into a file, which has its name only when it is whole; the process is ended; the file is kept;
 * the end is recorded. So whoever finds the file, and no process, finds a VM that is saved, and whoever lets a guest run on
 * removes the file first. Used by the VM's queue only.
 */
final class VmSuspension {
    private static final Logger log = LoggerFactory.getLogger(VmSuspension.class);

    private final VmLedger ledger;
    private final SavedState saved;
    private final TaskQueue queue;
    private final Supplier<Optional<Machine>> machine;

    /**
     * Of a VM that is not being saved.
     *
     * @param machine what runs now, if anything does
     */
    VmSuspension(VmLedger ledger, TaskQueue queue, Supplier<Optional<Machine>> machine) {
        this.ledger = ledger;
        this.saved = new SavedState(ledger.folder());
        this.queue = queue;
        this.machine = machine;
    }

    /**
     * Begins it, by an operation. Does nothing when nothing runs that could be saved now, or that operation has failed.
     *
     * @throws IOException when the intent could not be recorded: then nothing happened
     */
    void ask(String operation) throws IOException {
        boolean failedBefore = ledger.suspension().filter(seen -> seen.getOperationId().equals(operation)).isPresent();
        if (failedBefore || !(ledger.state() instanceof LocalState.Running) || machine.get().isEmpty()
                || ledger.record().devices().pending().isPresent()) {
            return;
        }
        saved.discardWritten();
        LocalState next = ledger.state().after(new LocalEvent.SuspendAsked(operation), Vm.now());
        ledger.write(ledger.record().withState(next));
        log.info("VM {}: is being saved, operation {}", ledger.identity(), operation);
        goOn();
    }

    /** Goes on with what an earlier agent began, in the machine that is here. */
    void goOn() {
        if (!(ledger.state() instanceof LocalState.Suspending state) || machine.get().isEmpty()) {
            return;
        }
        Machine saving = machine.get().get();
        ledger.suspension(told(state.operation()).build());
        Optional<MachineSaving> how = saving.saving();
        if (how.isEmpty()) {
            notSaved(saving, state.operation(), "its driver does not save guests");
            return;
        }
        Thread.ofVirtual().name("vm-save " + ledger.identity()).start(() -> save(saving, how.get(), state.operation()));
    }

    private void save(Machine saving, MachineSaving how, String operation) {
        try {
            how.save(saved.written(), progress -> queue.post(() -> progress(saving, operation, progress)));
            queue.post(() -> saved(saving, operation));
        } catch (IOException e) {
            log.warn("VM {}: was not saved", ledger.identity(), e);
            queue.post(() -> notSaved(saving, operation, String.valueOf(e.getMessage())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Suspension.Builder told(String operation) {
        return Suspension.newBuilder().setOperationId(operation);
    }

    private boolean isCurrent(Machine saving, String operation) {
        return machine.get().filter(saving::equals).isPresent()
                && ledger.state() instanceof LocalState.Suspending now && now.operation().equals(operation);
    }

    private void progress(Machine saving, String operation, VmmSaveProgress progress) {
        if (isCurrent(saving, operation)) {
            ledger.suspension(told(operation).setLookedAtBytes(progress.lookedAtBytes())
                    .setWrittenBytes(progress.writtenBytes()).setMemoryBytes(progress.memoryBytes()).build());
        }
    }

    /** Its end follows, even if it is to stop instead: it stands still, and would not hear of that. */
    private void saved(Machine saving, String operation) {
        if (isCurrent(saving, operation)
                || (machine.get().filter(saving::equals).isPresent()
                        && ledger.state() instanceof LocalState.Stopping)) {
            saving.kill();
        }
    }

    private void notSaved(Machine saving, String operation, String why) {
        if (!isCurrent(saving, operation)) {
            return;
        }
        try {
            saved.discardWritten();
        } catch (IOException e) {
            // It is there, and cannot be taken away: then the guest must not run on beside it.
            log.error("VM {}: {} stays, so the VM ends as saved", ledger.identity(), saved.written(), e);
            saving.kill();
            return;
        }
        ledger.suspension(told(operation).setFailed(true).setMessage(why).build());
        if (ledger.apply(new LocalEvent.NotSaved()).isPresent()) {
            ledger.show();
        }
    }

    /** It is to stop instead, or to run on. Does not wait. */
    void cancel() {
        machine.get().flatMap(Machine::saving)
                .ifPresent(saving -> Thread.ofVirtual().name("vm-cancel-save " + ledger.identity()).start(() -> {
                    try {
                        saving.cancel();
                    } catch (IOException e) {
                        log.debug("VM {}: the saving of its guest cannot be cancelled", ledger.identity(), e);
                    }
                }));
    }

    /** What the end of its process means: if the guest was to be saved and is, nothing else. */
    LocalEvent meaning(MachineEnd end) {
        if (!(ledger.state() instanceof LocalState.Suspending)) {
            discard();
            return new LocalEvent.MachineEnded(end);
        }
        long epoch = ledger.identity().epoch();
        try {
            if (saved.isWhole() || saved.isKept(epoch)) {
                saved.keep(epoch);
                return new LocalEvent.Saved();
            }
        } catch (IOException e) {
            log.error("VM {}: what was saved of it cannot be kept", ledger.identity(), e);
            return new LocalEvent.MachineEnded(
                    new MachineEnd.Failed("what was saved of it cannot be kept: " + e.getMessage()));
        }
        discard();
        return new LocalEvent.MachineEnded(end);
    }

    /** What is left of a saving that came to nothing. */
    private void discard() {
        try {
            saved.discardAllWritten();
        } catch (IOException e) {
            log.warn("VM {}: {} is left behind, with nothing of use in it", ledger.identity(), saved.written(), e);
        }
    }
}
