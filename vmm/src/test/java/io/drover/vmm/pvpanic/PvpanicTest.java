package io.drover.vmm.pvpanic;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.power.RecordedPower;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PvpanicTest {
    private final RecordedPower power = new RecordedPower();
    private final Pvpanic pvpanic = new Pvpanic(power);

    @Test
    void offersBothEventsAndReportsThem() {
        assertThat(pvpanic.read(0, 1)).isEqualTo(3);
        pvpanic.write(0, 1, 2);
        pvpanic.write(0, 1, 1);
        assertThat(power.requests()).containsExactly("crash kernel", "pvpanic: panicked");
    }

    @Test
    void unknownEventsAreIgnored() {
        pvpanic.write(0, 1, 0);
        pvpanic.write(0, 1, 0xFC);
        assertThat(power.requests()).isEmpty();
    }

    @Property(tries = 20)
    void anyAccessIsAnswered(@ForAll long seed) {
        RandomAccesses.to(pvpanic, Pvpanic.PORTS, seed);
        assertThat(power.requests()).allMatch(request -> request.startsWith("pvpanic") || request.startsWith("crash"));
    }
}
