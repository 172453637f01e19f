package io.drover.vmm.accelerator;

import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.memory.MemoryRegion;
import java.io.IOException;
import java.util.List;

/** A way to run guests on this host. */
public interface Accelerator extends AutoCloseable {
    /** Every CPUID entry that a guest can be shown, before what depends on the vCPU is filled in. */
    List<CpuidEntry> supportedCpuid() throws IOException;

    /** Whether the CPUs' local APICs have the TSC-deadline timer, which {@link #supportedCpuid} may not say. */
    boolean hasTscDeadlineTimer() throws IOException;

    /** The most vCPUs that one partition can have. */
    int maxCpus() throws IOException;

    /**
     * Makes what one guest runs in: its memory, interrupt controllers and timer, no CPUs yet.
     *
     * @param ram
     *            must stay mapped until the partition is closed
     * @param ports
     *            answers port I/O, on the CPUs' threads
     * @param mmio
     *            answers access to what is no RAM, on the CPUs' threads
     */
    Partition createPartition(List<MemoryRegion> ram, IoBus ports, IoBus mmio) throws IOException;

    @Override
    void close();
}
