package io.drover.agent.vm;

import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineMigration;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.handoff.DestinationHandOff;
import io.drover.agent.handoff.GuestMachine;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.handoff.HandOffRun;
import io.drover.agent.handoff.Notes;
import io.drover.agent.handoff.ScheduledAlarms;
import io.drover.agent.handoff.SourceHandOff;
import io.drover.agent.holding.NoteFile;
import io.drover.agent.migration.Migrations;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.vmm.client.VmmMigration;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One hand-off that a VM is in: what its state machine asks for is done to the VM's run, and what becomes of that is told to it.
 * Used by the VM's queue only, but for {@link #accept}.
 */
final class VmHandOff implements GuestMachine, Notes, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VmHandOff.class);

    private final Move move;
    private final HandOffNote.Role role;
    private final VmLedger ledger;
    private final VmRun run;
    private final Migrations on;
    private final NoteFile note;
    private final ScheduledAlarms alarms;
    private final MoveReport report;
    private final WitnessedRecord record;
    private final HandOffRun handOff;
    private final Consumer<HandOff> over;
    private Optional<GuestStream> stream = Optional.empty();
    /** Nothing may be sent before the next agent would know of it. */
    private boolean noted;
    /** The epoch is not in the VM's record: only the note says why the guest runs under it. */
    private boolean noteStays;

    /**
     * Begins, or goes on with what an earlier agent left; on the VM's queue, which does the first step next.
     *
     * @param over told how it has ended
     */
    VmHandOff(HandOff.Step first, boolean noted, VmLedger ledger, VmRun run, TaskQueue queue, Migrations on,
            ScheduledExecutorService timer, Consumer<HandOff> over) {
        this.move = first.next().move();
        this.role = first.next() instanceof SourceHandOff ? HandOffNote.Role.SOURCE : HandOffNote.Role.DESTINATION;
        this.noted = noted;
        this.ledger = ledger;
        this.run = run;
        this.on = on;
        this.over = over;
        this.note = new NoteFile(ledger.folder().handOff());
        this.alarms = new ScheduledAlarms(timer, ScheduledAlarms.Patience.of(move.options()), this::accept);
        this.report = new MoveReport(move, role, ledger.plan().memoryBytes(),
                seen -> queue.post(() -> ledger.migration(seen)));
        this.record = new WitnessedRecord(on, ledger.identity());
        this.handOff = HandOffRun.start(ledger.identity().toString(), first,
                new HandOffRun.Surroundings(task -> queue.post(task::run), record, this, this, alarms, this::over));
        ledger.migration(report.first());
    }

    HandOffNote.Role role() {
        return role;
    }

    /** Something has happened. Any thread. */
    void accept(HandOffEvent event) {
        handOff.accept(event);
    }

    private GuestStream stream(Machine machine) throws IOException {
        if (stream.isEmpty()) {
            MachineMigration migration = machine.migration()
                    .orElseThrow(() -> new IOException("its driver does not migrate"));
            List<MachineDisk> disks = ledger.plan().disks().stream().filter(disk -> !disk.readOnly()).toList();
            stream = Optional.of(new GuestStream(move, migration, on.network(), disks, new GuestStream.Listener() {
                @Override
                public void happened(HandOffEvent event) {
                    accept(event);
                }

                @Override
                public void progressed(VmmMigration now) {
                    report.progressed(now);
                    if (now.phase() == VmmMigration.Phase.SENT) {
                        // However long the rest took: from now on only an answer is waited for.
                        alarms.allSent();
                    }
                }
            }));
        }
        return stream.get();
    }

    private GuestStream stream() throws IOException {
        return stream(run.machine().orElseThrow(() -> new IOException("its machine is gone")));
    }

    /** With a machine that an earlier agent has left. */
    void catchUp() {
        if (run.machine().isPresent()) {
            try {
                stream().catchUp();
            } catch (IOException e) {
                accept(new HandOffEvent.StreamBroken(String.valueOf(e.getMessage())));
            }
        }
    }

    private interface Act {
        void run() throws IOException, InterruptedException, UnbootableException;
    }

    /** What cannot be done ends the stream, or was ended by its machine: then nothing is lost but the attempt. */
    private void orBreak(Act act) {
        try {
            act.run();
        } catch (IOException | UnbootableException e) {
            log.warn("VM {}: migration {}: {}", ledger.identity(), move.id(), e.getMessage(), e);
            String why = String.valueOf(e.getMessage());
            accept(run.machine().isPresent() ? new HandOffEvent.StreamBroken(why) : new HandOffEvent.MachineGone(why));
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void receive(Move from) {
        orBreak(() -> {
            run.spawnIncoming();
            stream().receive();
        });
    }

    @Override
    public void send(Move to, String address) {
        orBreak(() -> {
            if (!noted) {
                throw new IOException("what the next agent has to know cannot be recorded");
            }
            stream().send(address);
        });
    }

    @Override
    public void finish() {
        orBreak(() -> stream().finish());
    }

    @Override
    public void resume(long epoch) {
        try {
            if (role == HandOffNote.Role.SOURCE && epoch == move.epoch()) {
                // One that rises ends it by itself, and sooner.
                stream().end();
            }
            boolean arrives = role == HandOffNote.Role.DESTINATION;
            if (arrives) {
                report.awaitRun();
            }
            noteStays = !run.goOn(epoch, record.ownedIn(epoch), () -> {
                if (arrives) {
                    report.runs(record.commit(), record.sinceCommit());
                }
            });
        } catch (IOException e) {
            log.error("VM {}: may run here under epoch {}, but cannot be let run; ending it", ledger.identity(), epoch,
                    e);
            report.failed("it could not be let run: " + e.getMessage());
            destroy("it could not be let run: " + e.getMessage());
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void destroy(String why) {
        try {
            tellOfTheStream();
            run.destroy(why);
        } catch (IOException e) {
            log.error("VM {}: its process does not end", ledger.identity(), e);
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    /** How long the guest stood still is known by the time that it may be given up, but perhaps not told yet. */
    private void tellOfTheStream() {
        Optional<MachineMigration> migration = run.machine().flatMap(Machine::migration);
        if (migration.isPresent() && stream.isPresent()) {
            try {
                report.progressed(migration.get().status());
            } catch (IOException e) {
                log.debug("VM {}: its machine does not tell of its stream", ledger.identity(), e);
            }
        }
    }

    /** At the source the VM's own record says so, too, for agents that know nothing of notes. */
    @Override
    public void keep(HandOffNote kept) throws IOException {
        if (role == HandOffNote.Role.SOURCE && ledger.record().leavingBy().isEmpty()) {
            ledger.write(ledger.record().leavingBy(Optional.of(move.id())));
        }
        note.keep(kept);
        noted = true;
    }

    @Override
    public void forget() throws IOException {
        if (noteStays) {
            return;
        }
        note.forget();
        if (ledger.record().leavingBy().isPresent()) {
            ledger.write(ledger.record().leavingBy(Optional.empty()));
        }
    }

    private void over(HandOff last) {
        close();
        Optional<Migration> end = record.end(move.id());
        if (end.isPresent() && end.get() instanceof Migration.Committed) {
            report.completed();
        } else if (end.isPresent() && end.get() instanceof Migration.Failed(Move _, String why)) {
            report.failed(why);
        } else {
            report.failed(why(last));
        }
        over.accept(last);
    }

    private static String why(HandOff last) {
        return switch (last) {
            case SourceHandOff.Gone(Move _, String why) -> why;
            case DestinationHandOff.Gone(Move _, String why) -> why;
            case SourceHandOff _,DestinationHandOff _ -> "it has ended";
        };
    }

    /** Lets go of it: the next agent goes on. */
    @Override
    public void close() {
        alarms.close();
        stream.ifPresent(GuestStream::close);
    }
}
