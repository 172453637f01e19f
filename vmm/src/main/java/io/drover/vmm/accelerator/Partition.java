package io.drover.vmm.accelerator;

import io.drover.proto.vmm.v1.SavedChips;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;
import java.util.List;

/** One guest's share of an accelerator. */
public interface Partition extends AutoCloseable {
    /**
     * Adds a CPU. The first runs when it is told to; the others wait for INIT and SIPI from the guest.
     *
     * @param index
     *            from 0 and in order; also its APIC id
     */
    VirtualCpu createCpu(int index, List<CpuidEntry> cpuid) throws IOException;

    /**
     * An input of the interrupt controllers. Setting it throws {@link IllegalStateException} when the accelerator itself is
     * broken, which ends the machine.
     *
     * @param number
     *            of the IOAPIC's pin; those to 15 are also the PICs'
     */
    InterruptLine line(int number);

    /** Interrupts by message for devices on PCI. They end with the partition. */
    MessageInterrupts messageInterrupts();

    /** Writes of the guest that ring events. They end with the partition. */
    Doorbells doorbells();

    /** The interrupt controllers, timers and clocks. While every CPU is out of the guest; after the devices were saved. */
    SavedChips save() throws IOException;

    /**
     * Makes them what others were. After every CPU's {@link VirtualCpu#load}, as interrupts that wait go to them, and before the
     * devices assert their lines again.
     *
     * @param awayNanos
     *            as for the CPUs
     * @throws SavedStateException
     *             when they cannot be that
     */
    void load(SavedChips saved, long awayNanos) throws IOException;

    /** What CPUs write to RAM, if it is wanted. */
    DirtyLog dirtyLog();

    /** After every CPU has been closed and every device has stopped. */
    @Override
    void close();
}
