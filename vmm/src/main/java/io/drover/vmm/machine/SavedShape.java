package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.proto.vmm.v1.SavedMemorySlot;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Whether a saved state is one of a machine with these settings: looked at before any of its devices is there. */
final class SavedShape {
    private SavedShape() {}

    /**
     * Refuses the state of another machine.
     *
     * @throws SavedStateException
     *             naming what is different: a device that only one of them has, for one
     */
    static void check(SavedMachine saved, MachineSettings settings, GuestMemory memory) throws SavedStateException {
        same("vCPUs", saved.getVcpus(), settings.vcpus());
        same("CPUs with a state", saved.getCpusCount(), settings.vcpus());
        same("bytes of memory", saved.getMemoryBytes(), settings.memoryBytes());
        List<SavedMemorySlot> slots = new ArrayList<>();
        for (MemoryRegion region : memory.regions()) {
            slots.add(SavedMemorySlot.newBuilder().setAddress(region.address()).setBytes(region.length()).build());
        }
        if (!saved.getMemorySlotsList().equals(slots)) {
            throw new SavedStateException("saved state: memory slots : " + text(saved.getMemorySlotsList())
                    + " (expected: " + text(slots) + ", as of a machine with that much memory)");
        }
        SavedStates.require(saved.hasChips(), "interrupt controllers");
        SavedStates.require(saved.hasBoard() && saved.getBoard().hasSerial() && saved.getBoard().hasRtc()
                && saved.getBoard().hasPowerManagement(), "board with a serial port, a clock and power management");
        same("hot-plug", saved.getBoard().hasHotPlug() ? 1 : 0, settings.hotPlug() ? 1 : 0);
        same("generation id", saved.getBoard().getGenerationId() ? 1 : 0, settings.generationId().isPresent() ? 1 : 0);
        checkDevices(saved, settings);
    }

    private static void checkDevices(SavedMachine saved, MachineSettings settings) throws SavedStateException {
        Set<String> expected = new LinkedHashSet<>(deviceNames(settings));
        Set<String> there = new LinkedHashSet<>();
        for (SavedFunction function : saved.getFunctionsList()) {
            if (!expected.contains(function.getName())) {
                throw new SavedStateException("saved state: device " + function.getName()
                        + " (expected: none of that name, as this machine has none; give it one)");
            }
            if (!there.add(function.getName())) {
                throw new SavedStateException(
                        "saved state: device " + function.getName() + " : twice (expected: once)");
            }
        }
        for (String name : expected) {
            if (!there.contains(name)) {
                throw new SavedStateException("saved state: device " + name
                        + " : missing (expected: its state, as this machine has one; start without it and attach it)");
            }
        }
    }

    /** By which the functions on a machine's bus are known. */
    private static List<String> deviceNames(MachineSettings settings) {
        List<String> names = new ArrayList<>();
        for (DiskSettings disk : settings.disks()) {
            names.add(PciDevices.diskName(disk.id()));
        }
        for (NicSettings nic : settings.nics()) {
            names.add(PciDevices.nicName(nic.id()));
        }
        if (settings.vsock().isPresent()) {
            names.add(PciDevices.VSOCK);
        }
        if (settings.rng()) {
            names.add(PciDevices.RNG);
        }
        if (settings.console().isPresent()) {
            names.add(PciDevices.CONSOLE);
        }
        if (settings.balloon().isPresent()) {
            names.add(PciDevices.BALLOON);
        }
        if (settings.watchdog().isPresent()) {
            names.add(PciDevices.WATCHDOG);
        }
        return names;
    }

    private static void same(String what, long saved, long wanted) throws SavedStateException {
        if (saved != wanted) {
            throw new SavedStateException("saved state: " + what + " : " + saved + " (expected: " + wanted
                    + ", as the machine is to have)");
        }
    }

    private static String text(List<SavedMemorySlot> slots) {
        StringBuilder text = new StringBuilder();
        for (SavedMemorySlot slot : slots) {
            text.append(text.isEmpty() ? "" : ", ").append(slot.getBytes()).append(" bytes at 0x")
                    .append(Long.toHexString(slot.getAddress()));
        }
        return text.toString();
    }
}
