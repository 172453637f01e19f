package io.drover.vmm.fuzz;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedMachine;
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
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.console.ConsoleDevice;
import io.drover.vmm.virtio.console.Terminal;
import io.drover.vmm.virtio.rng.RngDevice;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/**
 * A saved state, which is read and loaded into the devices of a board: refused with a reason, or gone on from, until the guest
 * resets what it has.
 */
public final class SavedStateFuzz {
    private SavedStateFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        try {
            load(SavedStates.parse(ByteString.copyFrom(input)));
        } catch (SavedStateException expected) {
            // It says why.
        }
    }

    private static void load(SavedMachine machine) throws IOException {
        RecordedPower power = new RecordedPower();
        loadBoard(machine, power);
        if (!power.requests().isEmpty()) {
            throw new AssertionError("a state asked for " + power.requests());
        }
        try (VirtioBench bench = new VirtioBench()) {
            Terminal terminal = new Terminal(octet -> {}, () -> {});
            List<VirtioPciFunction> functions = List.of(bench.plug(new RngDevice()),
                    bench.plug(ConsoleDevice.listen("console", terminal, true, List.of())));
            for (int index = 0; index < Math.min(machine.getFunctionsCount(), functions.size()); index++) {
                SavedFunction saved = machine.getFunctions(index);
                VirtioPciFunction function = functions.get(index);
                try {
                    function.load(saved);
                } catch (SavedStateException refused) {
                    // A machine that it was for does not come to be.
                    continue;
                }
                function.save();
                function.resume();
                new TestDriver(bench, index + 1).probe().reset();
            }
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        }
    }

    private static void loadBoard(SavedMachine machine, RecordedPower power) throws SavedStateException {
        Uart16550 serial = new Uart16550(new RecordedLine(), octet -> {}, () -> {});
        serial.load(machine.getBoard().getSerial());
        CmosRtc clock = new CmosRtc(() -> Instant.EPOCH, new RecordedLine(), (nanos, action) -> () -> {}, 1 << 20, 0);
        clock.load(machine.getBoard().getRtc());
        AcpiPowerManagement acpi = new AcpiPowerManagement(new RecordedLine(), power, () -> 0);
        acpi.load(machine.getBoard().getPowerManagement(), 0);
        PciConfigPorts ports = new PciConfigPorts(new PciBus(), new ResetRegister(power));
        ports.load(machine.getBoard());
        GeneralEvents events = new GeneralEvents(new RecordedLine());
        events.load(machine.getBoard().getHotPlug());
        SlotRegisters slots = new SlotRegisters(() -> {}, slot -> {});
        slots.load(machine.getBoard().getHotPlug());
        for (int register = 0; register < Uart16550.PORTS; register++) {
            serial.read(register, 1);
            serial.write(register, 1, register);
        }
        for (int index = 0; index < 128; index++) {
            clock.write(0, 1, index);
            clock.read(1, 1);
        }
    }
}
