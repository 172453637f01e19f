package io.drover.agent.driver;

import io.drover.agent.console.Console;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A way to run machines: each in a process of its own that outlives the agent. At most one process runs for a folder.
 */
public interface Driver {
    /** "kvm" or "qemu". */
    String name();

    /** Whether this host can use it, as found when the agent started. */
    DriverStatus status();

    /**
     * Looks at the plan before anything is written.
     *
     * @throws UnbootableException when the guest cannot be booted by this driver
     * @throws UnsupportedPlanException when this driver has not all that the plan asks for
     */
    void check(MachinePlan plan) throws UnbootableException, UnsupportedPlanException, IOException;

    /**
     * Starts the process and lets the guest run. Traces of earlier processes in the folder are removed first.
     *
     * @throws UnbootableException when the process refused the plan
     * @throws IOException when it could not be started for another reason; no process is left then
     */
    Machine spawn(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException;

    /**
     * Finds out what became of a process that an earlier agent spawned, or was about to spawn, and takes it over if
     * it lives. A guest that did not run yet is let run: only for a VM that this host may run.
     */
    Adoption adopt(MachinePlan plan, VmFolder folder, Console console) throws IOException, InterruptedException;

    /**
     * The user that a machine's process runs as.
     *
     * @param folder of its VM, there already
     */
    default int user(VmFolder folder) throws IOException {
        return ProcessIdentity.ownUser();
    }

    /** The one argument in the command line of a machine's process that names its folder. */
    String marker(VmFolder folder);

    /** The processes that run for the folder, whoever started them: one at most, or another agent was at work. */
    default List<ProcessIdentity> processes(VmFolder folder) {
        return ProcessTable.withArgument(marker(folder));
    }

    /**
     * Kills what runs for the folder, and what is about to.
     *
     * @throws IOException when something does not end within {@code patience}
     */
    default void endAll(VmFolder folder, Duration patience) throws IOException, InterruptedException {
        if (!ProcessTable.endAll(marker(folder), patience)) {
            throw new IOException("a process of " + folder.path() + " does not end: " + processes(folder));
        }
    }
}
