package io.drover.vmm.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.proto.vmm.v1.SavedBoard;
import io.drover.proto.vmm.v1.SavedHotPlug;
import io.drover.proto.vmm.v1.SavedPowerManagement;
import io.drover.proto.vmm.v1.SavedRtc;
import io.drover.proto.vmm.v1.SavedSerial;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciConfigPorts;
import io.drover.vmm.pci.SlotRegisters;
import io.drover.vmm.power.AcpiPowerManagement;
import io.drover.vmm.power.GeneralEvents;
import io.drover.vmm.power.RecordedPower;
import io.drover.vmm.power.ResetRegister;
import io.drover.vmm.rtc.CmosRtc;
import io.drover.vmm.serial.Uart16550;
import io.drover.vmm.timer.Timer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Devices behind ports, after a guest has done anything at all with them: saved and loaded into another, that one answers any
 * further access as the first does.
 */
class RegistersSavedTest {
    private static final int TRIES = 30;
    private static final Timer NO_TIMER = (nanos, action) -> () -> {};

    private RecordedLine firstLine = new RecordedLine();
    private RecordedLine secondLine = new RecordedLine();

    @BeforeTry
    void newLines() {
        firstLine = new RecordedLine();
        secondLine = new RecordedLine();
    }

    private void assertAlike(IoDevice first, IoDevice second, int length, long seed) {
        assertThat(secondLine.asserted()).as("the line").isEqualTo(firstLine.asserted());
        Random random = new Random(seed);
        for (int access = 0; access < 300; access++) {
            int bytes = 1 << random.nextInt(3);
            int offset = random.nextInt(length) & -bytes;
            if (random.nextBoolean()) {
                assertThat(second.read(offset, bytes)).as("access %s: read %s x%s", access, offset, bytes)
                        .isEqualTo(first.read(offset, bytes));
            } else {
                long value = random.nextInt();
                first.write(offset, bytes, value);
                second.write(offset, bytes, value);
            }
            assertThat(secondLine.asserted()).as("access %s: the line", access).isEqualTo(firstLine.asserted());
        }
    }

    @Property(tries = TRIES)
    void serialPort(@ForAll long seed) throws Exception {
        List<Integer> firstOutput = new ArrayList<>();
        List<Integer> secondOutput = new ArrayList<>();
        Uart16550 first = new Uart16550(firstLine, firstOutput::add, () -> {});
        Uart16550 second = new Uart16550(secondLine, secondOutput::add, () -> {});
        byte[] typed = new byte[40];
        new Random(seed).nextBytes(typed);
        first.offer(typed, 0, typed.length);
        RandomAccesses.to(first, Uart16550.PORTS, seed);
        firstOutput.clear();

        second.load(SavedSerial.parseFrom(first.save().toByteString()));

        assertThat(second.save()).isEqualTo(first.save());
        assertAlike(first, second, Uart16550.PORTS, seed);
        assertThat(secondOutput).isEqualTo(firstOutput);
    }

    @Property(tries = TRIES)
    void clock(@ForAll long seed) throws Exception {
        Instant now = Instant.parse("2026-03-01T12:34:56.5Z");
        CmosRtc first = new CmosRtc(() -> now, firstLine, NO_TIMER, 1 << 30, 0);
        CmosRtc second = new CmosRtc(() -> now, secondLine, NO_TIMER, 1 << 20, 0);
        RandomAccesses.to(first, CmosRtc.PORTS, seed);

        second.load(SavedRtc.parseFrom(first.save().toByteString()));

        assertThat(second.save()).isEqualTo(first.save());
        assertAlike(first, second, CmosRtc.PORTS, seed);
    }

    /** The timer of the second goes on where the first one's was, although its host counts from elsewhere. */
    @Property(tries = TRIES)
    void powerManagement(@ForAll long seed) throws Exception {
        RecordedPower power = new RecordedPower();
        long away = 1_000_000_000L;
        long[] firstNow = {5_000_000_000L};
        AcpiPowerManagement first = new AcpiPowerManagement(firstLine, power, () -> firstNow[0]);
        AcpiPowerManagement second = new AcpiPowerManagement(secondLine, power, () -> 77);
        first.pressPowerButton();
        RandomAccesses.to(first, AcpiPowerManagement.PORTS, seed);

        second.load(SavedPowerManagement.parseFrom(first.save().toByteString()), away);

        firstNow[0] += away;
        assertAlike(first, second, AcpiPowerManagement.PORTS, seed);
    }

    @Property(tries = TRIES)
    void generalEvents(@ForAll long seed) throws Exception {
        GeneralEvents first = new GeneralEvents(firstLine);
        GeneralEvents second = new GeneralEvents(secondLine);
        RandomAccesses.to(first, GeneralEvents.PORTS, seed);
        first.raise(GeneralEvents.HOT_PLUG);
        SavedHotPlug.Builder saved = SavedHotPlug.newBuilder();
        first.save(saved);

        second.load(saved.build());

        assertAlike(first, second, GeneralEvents.PORTS, seed);
    }

    @Property(tries = TRIES)
    void slots(@ForAll long seed) {
        List<Integer> firstEjected = new ArrayList<>();
        List<Integer> secondEjected = new ArrayList<>();
        SlotRegisters first = new SlotRegisters(() -> {}, firstEjected::add);
        SlotRegisters second = new SlotRegisters(() -> {}, secondEjected::add);
        Random random = new Random(seed);
        for (int i = 0; i < 8; i++) {
            first.insert(random.nextInt(32));
            first.askFor(random.nextInt(32));
        }
        SavedHotPlug.Builder saved = SavedHotPlug.newBuilder();
        first.save(saved);

        second.load(saved.build());

        assertAlike(first, second, SlotRegisters.PORTS, seed);
        assertThat(secondEjected).isEqualTo(firstEjected);
    }

    @Property(tries = TRIES)
    void configurationPorts(@ForAll long seed) {
        PciConfigPorts first = new PciConfigPorts(new PciBus(), new ResetRegister(new RecordedPower()));
        PciConfigPorts second = new PciConfigPorts(new PciBus(), new ResetRegister(new RecordedPower()));
        RandomAccesses.to(first, PciConfigPorts.PORTS, seed);
        SavedBoard.Builder saved = SavedBoard.newBuilder();
        first.save(saved);

        second.load(saved.build());

        assertAlike(first, second, PciConfigPorts.PORTS, seed);
    }
}
