package io.drover.agent.confinement;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.util.List;

/** How far the processes of machines are kept from the rest of the host. One for an agent, safe for all threads. */
public sealed interface Confinement permits Sandbox, Unconfined {
    /** What is in force, and why nothing stronger, for people. */
    String description();

    /** Whether a VMM gives up the system calls that it does not need. */
    boolean filtersCalls();

    /**
     * The user that a process will be to the host.
     *
     * @param folder of its VM, with its run folder
     */
    int user(VmFolder folder) throws IOException;

    /**
     * Hands a process what belongs to it.
     *
     * @param folder of its VM: its run folder is the process's to write to, and its current folder
     * @param command its program by an absolute path
     * @return what to start in its stead
     * @throws IOException when something that belongs to it cannot be handed over
     */
    List<String> enclose(VmFolder folder, Belongings belongings, List<String> command) throws IOException;
}
