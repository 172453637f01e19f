package io.drover.vmm.power;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ResetRegisterTest {
    private final RecordedPower power = new RecordedPower();
    private final ResetRegister register = new ResetRegister(power);

    @Test
    void theValueThatTheFadtNamesResets() {
        register.write(0, 1, ResetRegister.RESET_VALUE);
        assertThat(power.requests()).containsExactly("reset");
    }

    @Test
    void choosingTheKindOfResetDoesNotReset() {
        register.write(0, 1, 0x02);
        assertThat(register.read(0, 1)).isEqualTo(0x02);
        register.write(0, 1, 0xFB);
        assertThat(register.read(0, 1)).isEqualTo(0x0A);
        assertThat(power.requests()).isEmpty();
    }

    @Property(tries = 20)
    void anyAccessIsAnswered(@ForAll long seed) {
        RandomAccesses.to(register, ResetRegister.PORTS, seed);
        assertThat(power.requests()).allMatch("reset"::equals);
    }
}
