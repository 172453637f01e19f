package io.drover.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SlotRegistersTest {
    private final List<Integer> ejected = new ArrayList<>();
    private int events;
    private final SlotRegisters registers = new SlotRegisters(() -> events++, ejected::add);

    @Test
    void whatHasHappenedIsHeardOnce() {
        registers.insert(3);
        registers.insert(31);
        registers.askFor(4);
        assertThat(events).isEqualTo(3);
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isEqualTo(1L << 3 | 1L << 31);
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isZero();
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isEqualTo(1L << 4);
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isZero();
        registers.askFor(4);
        assertThat(registers.read(SlotRegisters.ASKED, 4)).as("asked again").isEqualTo(1L << 4);
    }

    @Test
    void slotCanBeAskedForAndFilledAgainBeforeTheGuestLooks() {
        registers.askFor(4);
        registers.insert(4);
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isEqualTo(1L << 4);
        registers.askFor(5);
        registers.insert(6);
        registers.forget(5);
        registers.forget(6);
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isZero();
        assertThat(registers.read(SlotRegisters.INSERTED, 4)).isEqualTo(1L << 4);
    }

    @Test
    void whatIsLetGoIsTold() {
        registers.write(SlotRegisters.EJECT, 4, 1L << 3 | 1L << 31 | 1);
        assertThat(ejected).containsExactly(0, 3, 31);
    }

    @Property(tries = 200)
    void anyAccessIsAnsweredAndOnlyWholeWordsMeanSomething(@ForAll long seed) {
        RandomAccesses.to(registers, SlotRegisters.PORTS, seed);
        assertThat(ejected).allSatisfy(slot -> assertThat(slot).isBetween(0, 31));
        registers.askFor(2);
        assertThat(registers.read(SlotRegisters.ASKED + 1, 2)).isZero();
        assertThat(registers.read(SlotRegisters.ASKED, 4)).isEqualTo(4);
    }
}
