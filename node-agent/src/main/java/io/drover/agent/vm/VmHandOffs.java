package io.drover.agent.vm;

import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachineMigration;
import io.drover.agent.handoff.DestinationHandOff;
import io.drover.agent.handoff.DestinationHandOff.MachineSight;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.handoff.SourceHandOff;
import io.drover.scheduler.migration.Move;
import java.io.IOException;
import java.util.Optional;

/** The hand-offs of one VM, one at a time. Used by the VM's queue only, but for what it says anybody may ask. */
final class VmHandOffs implements AutoCloseable {
    private final VmLedger ledger;
    private final VmRun run;
    private final TaskQueue queue;
    private final Vm.Surroundings surroundings;
    private volatile boolean expected;
    private volatile Optional<VmHandOff> current = Optional.empty();

    VmHandOffs(VmLedger ledger, VmRun run, TaskQueue queue, Vm.Surroundings surroundings) {
        this.ledger = ledger;
        this.run = run;
        this.queue = queue;
        this.surroundings = surroundings;
    }

    /** One is about to begin: from now on nothing but the hand-off decides about the VM. Any thread. */
    void expect() {
        expected = true;
    }

    /** Whether one is about to begin, or is not over. Any thread. */
    boolean areUnderWay() {
        return expected;
    }

    /** Tells the hand-off that the VM's record may say something else now. Any thread. */
    void recordMayHaveChanged() {
        current.ifPresent(handOff -> handOff.accept(new HandOffEvent.RecordMayHaveChanged()));
    }

    /** Nothing has come of what was expected. */
    void giveUp() {
        expected = false;
    }

    void begin(HandOff.Step first) {
        start(first, false);
    }

    /** Goes on with what an earlier agent left. */
    void rejoin(HandOffNote note) throws IOException, InterruptedException {
        run.adoptAsItIs();
        HandOff.Step first = switch (note.role()) {
            case SOURCE -> SourceHandOff.resume(note, run.machine().isPresent());
            case DESTINATION -> DestinationHandOff.resume(note, sight());
        };
        start(first, true);
        current.orElseThrow().catchUp();
    }

    private MachineSight sight() {
        Optional<MachineMigration> machine = run.machine().flatMap(Machine::migration);
        if (machine.isEmpty()) {
            return new MachineSight.Useless("the machine at the destination is gone");
        }
        try {
            return GuestStream.sight(machine.get().status(), surroundings.migrations().network());
        } catch (IOException e) {
            return new MachineSight.Useless(String.valueOf(e.getMessage()));
        }
    }

    private void start(HandOff.Step first, boolean noted) {
        expected = true;
        current = Optional.of(new VmHandOff(first, noted, ledger, run, queue, surroundings.migrations(),
                surroundings.timer(), this::over));
    }

    private void over(HandOff last) {
        current = Optional.empty();
        expected = false;
        switch (last) {
            case SourceHandOff.Ended(Move _, long epoch) -> run.stayedWithoutMachine(epoch);
            case DestinationHandOff.Ended(Move _, long epoch) -> run.stayedWithoutMachine(epoch);
            case SourceHandOff _,DestinationHandOff _ -> {
            }
        }
        // What came while the hand-off alone listened.
        surroundings.audit().accept(ledger.identity().uid());
    }

    /** Whether the hand-off has to say first what follows. */
    boolean take(MachineEnd end) {
        current.ifPresent(handOff -> handOff.accept(new HandOffEvent.MachineGone(text(end))));
        return current.isPresent();
    }

    private static String text(MachineEnd end) {
        return switch (end) {
            case MachineEnd.PoweredOff(String message) -> message;
            case MachineEnd.Rebooted() -> "the guest rebooted";
            case MachineEnd.Panicked(String message) -> message;
            case MachineEnd.Killed() -> "it was killed";
            case MachineEnd.Failed(String message) -> message;
            case MachineEnd.NeverRan(String message) -> message;
            case MachineEnd.HostFailed(String message) -> message;
        };
    }

    /** Lets go of what is under way: the next agent goes on. */
    @Override
    public void close() {
        current.ifPresent(VmHandOff::close);
    }
}
