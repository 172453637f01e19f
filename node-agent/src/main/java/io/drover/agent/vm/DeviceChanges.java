package io.drover.agent.vm;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.Machine;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The devices of a run that come, go and change, one change at a time. Used by the VM's queue only. */
final class DeviceChanges {
    private static final Logger log = LoggerFactory.getLogger(DeviceChanges.class);
    /** A guest that was asked to let go of a device may not have listened yet. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final VmLedger ledger;
    private final Driver driver;
    private final TaskQueue queue;
    private final Supplier<Optional<Machine>> machine;
    private String waiting = "";

    /**
     * Of one VM.
     *
     * @param machine what runs now, if anything does
     */
    DeviceChanges(VmLedger ledger, Driver driver, TaskQueue queue, Supplier<Optional<Machine>> machine) {
        this.ledger = ledger;
        this.driver = driver;
        this.queue = queue;
        this.machine = machine;
    }

    /** Before a process begins: it has the devices that were asked for last. */
    void settle() throws IOException {
        LocalRecord record = ledger.record();
        Optional<ChangeDeviceRequest> pending = record.devices().pending();
        if (pending.isPresent()) {
            try {
                StartVmRequest next = DeviceOrder.applied(record.start(), pending.get());
                ledger.plan(ledger.prepare(next));
                record = record.with(next, record.devices().done());
                if (pending.get().hasDetachDisk()) {
                    ledger.prepared().disks().remove(pending.get().getDetachDisk().getName());
                }
            } catch (IllegalArgumentException e) {
                record = record.with(record.start(), record.devices().failed(e.getMessage()));
            }
        }
        for (String removed : record.start().getRemovedDisksList()) {
            if (record.start().getDisksList().stream().noneMatch(disk -> disk.getName().equals(removed))) {
                ledger.prepared().disks().remove(removed);
            }
        }
        // Stands even if it cannot be written: the plan has it already.
        ledger.set(record.with(record.start().toBuilder().clearRemovedDisks().build(), record.devices()));
        ledger.write(ledger.record());
    }

    /**
     * Begins to change a device of what runs. Does nothing when it knows of a newer change, or nothing runs.
     *
     * @throws IOException when the intent could not be recorded: then nothing happened
     */
    void ask(ChangeDeviceRequest request) throws IOException, InterruptedException {
        LocalRecord record = ledger.record();
        boolean runs = record.state() instanceof LocalState.Running && machine.get().isPresent();
        if (runs && record.devices().newest() < request.getGeneration()) {
            ledger.write(record.with(record.start(), record.devices().asked(request)));
            goOn();
        }
    }

    /** Goes as far as it can with the change that was asked for, and on later if it must. */
    void goOn() throws InterruptedException {
        LocalRecord record = ledger.record();
        Optional<ChangeDeviceRequest> pending = record.devices().pending();
        if (pending.isEmpty() || machine.get().isEmpty() || !(record.state() instanceof LocalState.Running)) {
            return;
        }
        ChangeDeviceRequest change = pending.get();
        Optional<StartOrder.Prepared> after = Optional.empty();
        boolean done = false;
        try {
            StartVmRequest next = DeviceOrder.applied(record.start(), change);
            after = Optional.of(ledger.prepare(next));
            Optional<String> wait = new DeviceWork(change, ledger.prepared(), after.get(),
                    driver.user(ledger.folder())).goOn(machine.get().get().devices());
            done = wait.isEmpty();
            waiting = wait.orElse("");
            if (done) {
                ledger.plan(after.get());
                record = record.with(next, record.devices().done());
            }
        } catch (DeviceRefusedException | IllegalArgumentException e) {
            log.info("VM {}: its devices stay as they are: {}", ledger.identity(), e.getMessage());
            record = record.with(record.start(), record.devices().failed(e.getMessage()));
        } catch (IOException e) {
            log.warn("VM {}: its devices cannot be changed; trying again", ledger.identity(), e);
            waiting = e.getMessage();
        } finally {
            if (!done) {
                after.ifPresent(StartOrder.Prepared::release);
            }
        }
        // If it cannot be written, the next agent does it again, which changes nothing.
        ledger.note(record, waiting);
        if (record.devices().pending().isPresent()) {
            queue.postLater(PAUSE, this::goOn);
        }
    }
}
