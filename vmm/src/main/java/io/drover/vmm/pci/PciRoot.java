package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.interrupt.SharedLine;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bus as devices are plugged into it: gives each its slot, a place for its BAR and its interrupts, and takes them back. Any
 * thread.
 */
public final class PciRoot {
    private final PciBus bus;
    private final IoBus mmio;
    private final MessageInterrupts messages;
    private final SharedLine[] lines = new SharedLine[PciWindows.GSIS];
    @GuardedBy("this")
    private final BitSet taken = new BitSet(PciBus.SLOTS);
    @GuardedBy("this")
    private final Map<String, Integer> reserved = new HashMap<>();

    /**
     * Also maps configuration space at {@link PciWindows#ECAM_BASE}.
     *
     * @param lines
     *            those of {@link PciWindows#FIRST_GSI} and the following
     */
    public PciRoot(PciBus bus, IoBus mmio, MessageInterrupts messages, List<InterruptLine> lines) {
        this.bus = bus;
        this.mmio = mmio;
        this.messages = messages;
        for (int i = 0; i < this.lines.length; i++) {
            this.lines[i] = new SharedLine(lines.get(i));
        }
        mmio.register(PciWindows.ECAM_BASE, PciWindows.ECAM_BYTES, "PCI configuration", new EcamWindow(bus));
        // The host bridge's.
        taken.set(0);
    }

    /**
     * Makes an endpoint for the first free slot, which is its own from now on; {@link #plug} puts it, or what is around it,
     * there.
     *
     * @param vectors
     *            of MSI-X: 1 to 256, or 0 for a function that has no MSI-X
     * @throws IOException
     *             when the bus is full or there are no more message interrupts
     */
    public PciEndpoint endpoint(String name, PciEndpoint.Identity identity, int vectors, PciEndpoint.Owner owner)
            throws IOException {
        int slot = takeSlot(name);
        try {
            InterruptLine line = lines[PciWindows.gsi(slot) - PciWindows.FIRST_GSI].input();
            return new PciEndpoint(name, slot, identity, vectors, messages, line, mmio,
                    PciWindows.LOW_BASE + (slot - 1) * PciEndpoint.BAR_BYTES, owner);
        } catch (IOException e) {
            freeSlot(slot);
            throw e;
        }
    }

    /**
     * Keeps a slot for an endpoint of that name. Before any is made.
     *
     * @throws SavedStateException
     *             when there is no such slot, or another has it
     */
    public synchronized void reserve(String name, int slot) throws SavedStateException {
        SavedStates.inRange("slot of " + name, slot, 1, PciBus.SLOTS - 1);
        if (taken.get(slot) || reserved.put(name, slot) != null) {
            throw new SavedStateException("saved state: slot of " + name + " : " + slot
                    + " (expected: one for each device)");
        }
        taken.set(slot);
    }

    private synchronized int takeSlot(String name) throws IOException {
        Integer kept = reserved.remove(name);
        if (kept != null) {
            return kept;
        }
        int slot = taken.nextClearBit(0);
        if (slot == PciBus.SLOTS) {
            throw new IOException(
                    "PCI : no slot for " + name + " (expected: at most " + (PciBus.SLOTS - 1) + " devices)");
        }
        taken.set(slot);
        return slot;
    }

    private synchronized void freeSlot(int slot) {
        taken.clear(slot);
    }

    /** Plugs a function into the slot of its endpoint: from now on the guest finds it there. */
    public void plug(PciEndpoint endpoint, PciFunction function) {
        bus.put(endpoint.slot(), function);
    }

    /**
     * Pulls a function out of its slot: from now on the guest finds nothing there, nor at its BAR. Takes no more than a moment.
     */
    public void pull(PciEndpoint endpoint) {
        bus.remove(endpoint.slot());
        endpoint.pulled();
    }

    /** Gives back what an endpoint has, its slot included. After it was pulled and its device has stopped. */
    public void release(PciEndpoint endpoint) {
        endpoint.msix().release();
        freeSlot(endpoint.slot());
    }
}
