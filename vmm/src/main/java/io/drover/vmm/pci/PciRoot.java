package io.drover.vmm.pci;

import io.drover.vmm.bus.IoBus;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import java.io.IOException;
import java.util.List;

/** The bus as devices are plugged into it: gives each its slot, a place for its BAR and its interrupts. Before any vCPU runs. */
public final class PciRoot {
    private final PciBus bus;
    private final IoBus mmio;
    private final MessageInterrupts messages;
    private final SharedLine[] lines = new SharedLine[PciWindows.GSIS];
    private long nextBar = PciWindows.LOW_BASE;

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
    }

    /**
     * Makes an endpoint for the next slot; {@link #plug} puts it, or what is around it, there.
     *
     * @param vectors
     *            of MSI-X: 1 to 256
     * @throws IOException
     *             when the bus is full or there are no more message interrupts
     */
    public PciEndpoint endpoint(String name, PciEndpoint.Identity identity, int vectors, PciEndpoint.Owner owner)
            throws IOException {
        if (bus.free() == 0) {
            throw new IOException("PCI : no slot for " + name + " (expected: at most 31 devices)");
        }
        InterruptLine line = lines[PciWindows.gsi(bus.nextSlot()) - PciWindows.FIRST_GSI].input();
        PciEndpoint endpoint = new PciEndpoint(name, identity, vectors, messages, line, mmio, nextBar, owner);
        nextBar += PciEndpoint.BAR_BYTES;
        return endpoint;
    }

    /** Plugs a function into the slot that its endpoint was made for. */
    public void plug(PciFunction function) {
        bus.add(function);
    }
}
