package io.drover.vmm.power;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.interrupt.RecordedLine;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class AcpiPowerManagementTest {
    private static final int STATUS = 0;
    private static final int ENABLE = 2;
    private static final int CONTROL = 4;
    private static final int TIMER = 8;
    private static final int BUTTON = 1 << 8;

    private final RecordedPower power = new RecordedPower();
    private final RecordedLine sci = new RecordedLine();
    private long nanos;
    private final AcpiPowerManagement acpi = new AcpiPowerManagement(sci, power, () -> nanos);

    @Test
    void sleepTypeAndEnableForS5SwitchOff() {
        acpi.write(CONTROL, 2, AcpiPowerManagement.SLEEP_TYPE_S5 << 10);
        assertThat(power.requests()).isEmpty();
        acpi.write(CONTROL, 2, 1 << 13 | AcpiPowerManagement.SLEEP_TYPE_S5 << 10);
        assertThat(power.requests()).containsExactly("off");
    }

    @Test
    void otherSleepStatesAreIgnored() {
        for (int type = 1; type < 8; type++) {
            acpi.write(CONTROL, 2, 1 << 13 | type << 10);
        }
        assertThat(power.requests()).isEmpty();
    }

    @Test
    void machineIsInAcpiModeAndSleepEnableReadsAsZero() {
        assertThat(acpi.read(CONTROL, 2)).isEqualTo(1);
        acpi.write(CONTROL, 2, 0xFFFF);
        assertThat(acpi.read(CONTROL, 2)).isEqualTo(7 << 10 | 1 << 1 | 1);
    }

    @Test
    void powerButtonRaisesTheInterruptUntilItIsAcknowledged() {
        acpi.write(ENABLE, 2, BUTTON);
        assertThat(acpi.pressPowerButton()).isTrue();
        assertThat(sci.asserted()).isTrue();
        assertThat(acpi.read(STATUS, 2)).isEqualTo(BUTTON);

        acpi.write(STATUS, 2, 0xFFFF & ~BUTTON);
        assertThat(sci.asserted()).isTrue();
        acpi.write(STATUS, 2, BUTTON);
        assertThat(sci.asserted()).isFalse();
        assertThat(acpi.read(STATUS, 2)).isZero();

        acpi.pressPowerButton();
        assertThat(sci.edges()).isEqualTo(2);
    }

    @Test
    void powerButtonWaitsForAGuestThatHasNotEnabledIt() {
        assertThat(acpi.pressPowerButton()).isFalse();
        assertThat(sci.asserted()).isFalse();
        acpi.write(ENABLE + 1, 1, BUTTON >> 8);
        assertThat(sci.asserted()).isTrue();
        assertThat(acpi.read(STATUS, 4)).isEqualTo((long) BUTTON << 16 | BUTTON);
    }

    @Test
    void timerRunsAtItsFrequency() {
        assertThat(acpi.read(TIMER, 4)).isZero();
        nanos = 1_000_000_000;
        assertThat(acpi.read(TIMER, 4)).isEqualTo(3_579_545);
        nanos = 10_000L * 86_400 * 1_000_000_000;
        assertThat(acpi.read(TIMER, 4)).isEqualTo((10_000L * 86_400 * 3_579_545) & 0xFFFF_FFFFL);
        acpi.write(TIMER, 4, 0);
        assertThat(acpi.read(TIMER + 2, 2)).isEqualTo(((10_000L * 86_400 * 3_579_545) >> 16) & 0xFFFF);
    }

    @Property
    void timerNeverGoesBack(@ForAll @LongRange(min = 0, max = Long.MAX_VALUE / 2) long from,
            @ForAll @LongRange(min = 0, max = 1_000_000_000) long later) {
        nanos = from;
        long before = acpi.read(TIMER, 4);
        nanos = from + later;
        long ticks = (acpi.read(TIMER, 4) - before) & 0xFFFF_FFFFL;
        assertThat(ticks).isBetween(later * 3_579_545 / 1_000_000_000 - 1, later * 3_579_545 / 1_000_000_000 + 1);
    }

    @Property(tries = 200)
    void anyAccessIsAnswered(@ForAll long seed) {
        RandomAccesses.to(acpi, AcpiPowerManagement.PORTS, seed);
        acpi.pressPowerButton();
        assertThat(sci.asserted()).isEqualTo((acpi.read(ENABLE, 2) & acpi.read(STATUS, 2)) != 0);
        assertThat(power.requests()).allMatch("off"::equals);
    }
}
