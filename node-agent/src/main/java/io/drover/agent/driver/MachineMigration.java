package io.drover.agent.driver;

import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmSendOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * A machine whose guest goes to another host, or comes from one. Calls return when the machine's process has answered, and
 * throw an IOException when it refuses or does not answer. Safe for all threads.
 */
public interface MachineMigration {
    /** Tells of each change from now on, and of progress, by a thread that must not be kept; another is told no more. */
    void watch(Consumer<VmmMigration> told);

    /** How far the latest has come. */
    VmmMigration status() throws IOException;

    /** Where the process takes connections, once it was told to send or to receive. */
    Path link();

    /**
     * Has a machine that was spawned without a guest take memory for one, and wait for it.
     *
     * @param connections 1 to 16, as the source's
     * @param stall how long the source may say nothing
     * @param disks those whose content comes, too
     */
    void receive(int connections, Duration stall, List<MachineDisk> disks) throws IOException;

    /**
     * Has it send its guest, which runs on.
     *
     * @param disks those whose content goes, too
     */
    void send(VmmSendOptions options, List<MachineDisk> disks) throws IOException;

    /** Permits a guest that is CONVERGED to be switched: it stands still then, until {@link #resume}. */
    void permitSwitch() throws IOException;

    /** Ends what is under way at this end; one that has ended stays as it is. Returns at once. */
    void cancel() throws IOException;

    /**
     * Lets the guest run under an epoch that the VM's record gave to this host, its own or the next; twice is as once. A lease of
     * that epoch is needed as ever.
     */
    void resume(long epoch) throws IOException;
}
