package io.drover.vmm.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.lease.LeaseEvent.Looked;
import io.drover.vmm.lease.LeaseEvent.Raised;
import io.drover.vmm.lease.LeaseEvent.Renewed;
import io.drover.vmm.lease.LeaseState.Awaited;
import io.drover.vmm.lease.LeaseState.Expired;
import io.drover.vmm.lease.LeaseState.Held;
import io.drover.vmm.lease.LeaseState.NotNeeded;
import io.drover.vmm.lease.LeaseState.Superseded;
import io.drover.vmm.lease.LeaseState.Transition;
import io.drover.vmm.lease.LeaseState.Transition.Stay;
import io.drover.vmm.lease.LeaseState.Transition.To;
import io.drover.vmm.lease.LeaseState.Transition.WrongEpoch;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LeaseStateTest {
    private static final long OWN = 7;
    private static final long NOW = 1_000;
    private static final String REFUSED = "refused";

    private static final List<LeaseState> STATES = List.of(new NotNeeded(), new Awaited(), new Held(1_500),
            new Held(900), new Expired(900), new Superseded(9));
    private static final List<LeaseEvent> EVENTS = List.of(new Renewed(OWN, 2_000), new Renewed(OWN, 1_200),
            new Renewed(OWN, 1_000), new Renewed(OWN, NOW + LeaseState.LONGEST_NANOS + 1), new Renewed(OWN - 1, 2_000),
            new Renewed(OWN + 1, 2_000), new Renewed(OWN + 3, 2_000), new Looked(), new Raised(OWN - 1, true),
            new Raised(OWN, true), new Raised(OWN + 1, true), new Raised(OWN + 2, true), new Raised(OWN + 3, false));

    private static final Stay STAYS = new Stay();
    private static final To HELD = new To(new Held(2_000));
    private static final To AWAITED = new To(new Awaited());
    private static final To NOT_NEEDED = new To(new NotNeeded());
    private static final To HELD_SHORTER = new To(new Held(1_200));

    /** The row is the state, the column the event, both as listed above; it is {@value #NOW}. */
    private static final Object[][] TABLE = {
            {STAYS, STAYS, STAYS, STAYS, new WrongEpoch(new NotNeeded()), new WrongEpoch(new Superseded(8)),
                    new WrongEpoch(new Superseded(10)), STAYS, new WrongEpoch(new NotNeeded()), STAYS, AWAITED, AWAITED,
                    NOT_NEEDED},
            {HELD, HELD_SHORTER, REFUSED, REFUSED, new WrongEpoch(new Awaited()), new WrongEpoch(new Superseded(8)),
                    new WrongEpoch(new Superseded(10)), STAYS, new WrongEpoch(new Awaited()), STAYS, AWAITED, AWAITED,
                    NOT_NEEDED},
            {HELD, STAYS, STAYS, REFUSED, new WrongEpoch(new Held(1_500)), new WrongEpoch(new Superseded(8)),
                    new WrongEpoch(new Superseded(10)), STAYS, new WrongEpoch(new Held(1_500)), STAYS, AWAITED, AWAITED,
                    NOT_NEEDED},
            // Over, and nobody has looked yet.
            {HELD, HELD_SHORTER, REFUSED, REFUSED, new WrongEpoch(new Held(900)), new WrongEpoch(new Superseded(8)),
                    new WrongEpoch(new Superseded(10)), new To(new Expired(900)), new WrongEpoch(new Held(900)), STAYS,
                    AWAITED, AWAITED, NOT_NEEDED},
            {HELD, HELD_SHORTER, REFUSED, REFUSED, new WrongEpoch(new Expired(900)), new WrongEpoch(new Superseded(8)),
                    new WrongEpoch(new Superseded(10)), STAYS, new WrongEpoch(new Expired(900)), STAYS, AWAITED,
                    AWAITED, NOT_NEEDED},
            {new WrongEpoch(new Superseded(9)), new WrongEpoch(new Superseded(9)), new WrongEpoch(new Superseded(9)),
                    new WrongEpoch(new Superseded(9)), new WrongEpoch(new Superseded(9)),
                    new WrongEpoch(new Superseded(9)), new WrongEpoch(new Superseded(10)), STAYS,
                    new WrongEpoch(new Superseded(9)), STAYS, new WrongEpoch(new Superseded(9)), AWAITED, NOT_NEEDED},};

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
    void everyEventDoesWhatTheTableSaysInEveryState(LeaseState state, LeaseEvent event, Object expected) {
        Transition actual = LeaseState.next(state, event, OWN, NOW);
        if (actual instanceof Transition.Refused(String why)) {
            assertThat(why).startsWith("lease : ").contains("expected: ");
            assertThat(expected).isEqualTo(REFUSED);
        } else {
            assertThat(actual).isEqualTo(expected);
        }
    }

    @Test
    void onlyALeaseThatIsHeldOrNotNeededPermits() {
        assertThat(STATES.stream().filter(LeaseState::permits)).containsExactly(new NotNeeded(), new Held(1_500),
                new Held(900));
    }
}
