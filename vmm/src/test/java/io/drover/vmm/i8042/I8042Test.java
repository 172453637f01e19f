package io.drover.vmm.i8042;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.power.RecordedPower;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class I8042Test {
    private final RecordedPower power = new RecordedPower();
    private final I8042 controller = new I8042(power);

    @Test
    void onlyThePulseOfTheResetLineResets() {
        for (int command = 0; command < 0x100; command++) {
            if (command != 0xFE) {
                controller.write(0, 1, command);
            }
        }
        controller.dataPort().write(0, 1, 0xFE);
        assertThat(power.requests()).isEmpty();

        controller.write(0, 1, 0xFE);
        assertThat(power.requests()).containsExactly("reset");
    }

    @Test
    void driversNeitherWaitToWriteNorFindAController() {
        for (int read = 0; read < 100; read++) {
            assertThat(controller.read(0, 1)).as("output buffer full, input buffer free").isEqualTo(1);
            assertThat(controller.dataPort().read(0, 1)).isEqualTo(0xFF);
        }
    }

    @Property(tries = 20)
    void anyAccessIsAnswered(@ForAll long seed) {
        RandomAccesses.to(controller, 1, seed);
        RandomAccesses.to(controller.dataPort(), 1, seed);
        assertThat(power.requests()).allMatch("reset"::equals);
    }
}
