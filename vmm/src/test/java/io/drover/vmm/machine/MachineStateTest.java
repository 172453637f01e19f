package io.drover.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.machine.MachineEvent.DevicesBusy;
import io.drover.vmm.machine.MachineEvent.EndAsked;
import io.drover.vmm.machine.MachineEvent.LeaseChanged;
import io.drover.vmm.machine.MachineEvent.PauseAsked;
import io.drover.vmm.machine.MachineEvent.PauseTriedAgain;
import io.drover.vmm.machine.MachineEvent.ResumeAsked;
import io.drover.vmm.machine.MachineEvent.Started;
import io.drover.vmm.machine.MachineEvent.VcpusGone;
import io.drover.vmm.machine.MachineEvent.VcpusParked;
import io.drover.vmm.machine.MachineState.Built;
import io.drover.vmm.machine.MachineState.Ended;
import io.drover.vmm.machine.MachineState.Ending;
import io.drover.vmm.machine.MachineState.Paused;
import io.drover.vmm.machine.MachineState.Pausing;
import io.drover.vmm.machine.MachineState.Running;
import io.drover.vmm.machine.MachineState.Transition;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MachineStateTest {
    private static final MachineEnd FIRST = new MachineEnd.PoweredOff();
    private static final MachineEnd SECOND = new MachineEnd.Killed();
    private static final String REFUSED = "refused";
    private static final String STAYS = "stays";

    private static final Pauses ASKED = new Pauses(true, false);
    private static final Pauses UNLEASED = new Pauses(false, true);
    private static final Pauses BOTH = new Pauses(true, true);

    private static final List<MachineState> STATES = List.of(new Built(), new Running(), new Pausing(ASKED),
            new Pausing(UNLEASED), new Pausing(BOTH), new Paused(ASKED), new Paused(UNLEASED), new Paused(BOTH),
            new Ending(FIRST), new Ended(FIRST));
    private static final List<MachineEvent> EVENTS = List.of(new Started(false, true), new Started(true, true),
            new Started(false, false), new Started(true, false), new PauseAsked(), new VcpusParked(),
            new ResumeAsked(), new EndAsked(SECOND), new VcpusGone(), new DevicesBusy(), new PauseTriedAgain(),
            new LeaseChanged(false), new LeaseChanged(true));

    private static final MachineState ENDING = new Ending(SECOND);

    /** The row is the state, the column the event, both as listed above. */
    private static final Object[][] TABLE = {
            {new Running(), new Paused(ASKED), new Paused(UNLEASED), new Paused(BOTH), REFUSED, REFUSED, REFUSED,
                    ENDING, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED},
            {REFUSED, REFUSED, REFUSED, REFUSED, new Pausing(ASKED), REFUSED, STAYS, ENDING, REFUSED, REFUSED, STAYS,
                    new Pausing(UNLEASED), STAYS},
            {REFUSED, REFUSED, REFUSED, REFUSED, STAYS, new Paused(ASKED), REFUSED, ENDING, REFUSED, new Running(),
                    new Pausing(ASKED), new Pausing(BOTH), STAYS},
            {REFUSED, REFUSED, REFUSED, REFUSED, new Pausing(BOTH), new Paused(UNLEASED), REFUSED, ENDING, REFUSED,
                    STAYS, new Pausing(UNLEASED), STAYS, new Running()},
            {REFUSED, REFUSED, REFUSED, REFUSED, STAYS, new Paused(BOTH), REFUSED, ENDING, REFUSED, STAYS,
                    new Pausing(BOTH), STAYS, new Pausing(ASKED)},
            {REFUSED, REFUSED, REFUSED, REFUSED, STAYS, REFUSED, new Running(), ENDING, REFUSED, REFUSED, STAYS,
                    new Paused(BOTH), STAYS},
            {REFUSED, REFUSED, REFUSED, REFUSED, new Paused(BOTH), REFUSED, STAYS, ENDING, REFUSED, REFUSED, STAYS,
                    STAYS, new Running()},
            {REFUSED, REFUSED, REFUSED, REFUSED, STAYS, REFUSED, new Paused(UNLEASED), ENDING, REFUSED, REFUSED, STAYS,
                    STAYS, new Paused(ASKED)},
            {REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, STAYS, new Ended(FIRST), REFUSED, STAYS,
                    REFUSED, REFUSED},
            {REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, STAYS, REFUSED, REFUSED, STAYS, REFUSED,
                    REFUSED},};

    static Stream<Arguments> table() {
        Stream.Builder<Arguments> cells = Stream.builder();
        for (int row = 0; row < STATES.size(); row++) {
            for (int column = 0; column < EVENTS.size(); column++) {
                cells.add(Arguments.of(STATES.get(row), EVENTS.get(column), TABLE[row][column]));
            }
        }
        return cells.build();
    }

    @ParameterizedTest
    @MethodSource("table")
    void everyEventDoesWhatTheTableSaysInEveryState(MachineState state, MachineEvent event, Object expected) {
        Object actual = switch (MachineState.next(state, event)) {
            case Transition.To(MachineState next) -> next;
            case Transition.Stay() -> STAYS;
            case Transition.Refused(String why) -> {
                assertThat(why).startsWith("the machine ");
                yield REFUSED;
            }
        };
        assertThat(actual).isEqualTo(expected);
    }
}
