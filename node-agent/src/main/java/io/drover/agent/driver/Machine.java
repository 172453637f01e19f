package io.drover.agent.driver;

import io.drover.agent.process.ProcessIdentity;
import io.drover.vmm.client.VmmCpuidEntry;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One machine in one process, from its spawn or adoption to the end of the process. It feeds the VM's console and
 * types what is typed there. Safe for all threads.
 */
public interface Machine extends AutoCloseable {
    ProcessIdentity process();

    /**
     * Completes once, when the process is gone; never exceptionally. Not when the machine was only let go of by
     * {@link #close}.
     */
    CompletableFuture<MachineEnd> end();

    /** Asks the guest to shut down. It may not listen. */
    void pressPowerButton() throws IOException;

    /** Ends the process without asking the guest. Returns at once; {@link #end} tells. */
    void kill();

    /**
     * What the guest's vCPU 0 is shown by CPUID, to be shown it again in another process; empty when the process cannot tell.
     *
     * @throws IOException when the process does not answer
     */
    List<VmmCpuidEntry> cpuid() throws IOException;

    /**
     * Lets the guest of a plan that is leased run on.
     *
     * @param untilBootNanos on CLOCK_BOOTTIME
     * @throws IOException when its process does not answer, or the lease is of no use any more
     */
    void renewLease(long untilBootNanos) throws IOException;

    /**
     * What its devices have done.
     *
     * @throws IOException when its process does not tell
     */
    MachineCounters counters() throws IOException;

    /** Its devices, to be changed. */
    MachineDevices devices();

    /** Its moves to other hosts and from them; empty when it stays where it is. */
    default Optional<MachineMigration> migration() {
        return Optional.empty();
    }

    /** Its guest, to be saved; empty when it cannot be. */
    default Optional<MachineSaving> saving() {
        return Optional.empty();
    }

    /** Trims the logs that the process writes itself. Called from time to time. */
    void trimLogs() throws IOException;

    /** Lets go of the machine, which runs on. */
    @Override
    void close();
}
