package io.drover.vmm.power;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.interrupt.RecordedLine;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class GeneralEventsTest {
    private static final int ENABLE = 2;
    private static final int BIT = 1 << GeneralEvents.HOT_PLUG;

    private final RecordedLine sci = new RecordedLine();
    private final GeneralEvents events = new GeneralEvents(sci);

    @Test
    void eventThatIsWantedPullsTheLineUntilItIsCleared() {
        events.write(ENABLE, 1, BIT);
        events.raise(GeneralEvents.HOT_PLUG);
        assertThat(sci.asserted()).isTrue();
        assertThat(events.read(0, 4)).isEqualTo((long) BIT << 16 | BIT);
        events.write(0, 1, 0xFF & ~BIT);
        assertThat(sci.asserted()).as("another bit was cleared").isTrue();
        events.write(0, 1, BIT);
        assertThat(sci.asserted()).isFalse();
        assertThat(events.read(0, 2) & 0xFFFF).isZero();
    }

    @Test
    void eventBeforeItIsWantedIsHeardLater() {
        events.raise(GeneralEvents.HOT_PLUG);
        assertThat(sci.asserted()).isFalse();
        events.write(ENABLE, 2, BIT);
        assertThat(sci.asserted()).isTrue();
        events.write(ENABLE, 1, 0);
        assertThat(sci.asserted()).isFalse();
    }

    @Property(tries = 200)
    void anyAccessIsAnswered(@ForAll long seed) {
        RandomAccesses.to(events, GeneralEvents.PORTS, seed);
        events.raise(GeneralEvents.HOT_PLUG);
        assertThat(sci.asserted()).isEqualTo((events.read(0, 2) & events.read(ENABLE, 2) & 0xFFFF) != 0);
    }
}
