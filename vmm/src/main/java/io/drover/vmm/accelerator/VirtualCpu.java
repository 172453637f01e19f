package io.drover.vmm.accelerator;

import io.drover.proto.vmm.v1.SavedCpu;
import io.drover.vmm.boot.EntryState;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;

/**
 * One CPU of a guest. Owned by the thread that created it until {@link #bind} makes another its owner; only {@link #kick} and
 * {@link #exits} are for any thread.
 */
public interface VirtualCpu extends AutoCloseable {
    /** Sets where the first CPU begins and in which mode; every other register stays as after a reset. */
    void setEntry(EntryState entry) throws IOException;

    /** Makes the calling platform thread the CPU's owner, and one that a kick can reach. */
    void bind() throws IOException;

    /** The owner's last word: no kick reaches it after this returns. */
    void unbind();

    /**
     * Runs guest code on the calling thread until something comes up; answers the guest's I/O by the buses on the way. Allocates
     * nothing.
     *
     * @throws IOException
     *             when the accelerator refuses to run it at all
     */
    RunOutcome run() throws IOException;

    /**
     * Finishes what the last instruction left open, an answered read for example, without running another: after this the
     * registers are those between two instructions.
     */
    void settle() throws IOException;

    /**
     * All that the guest has in this CPU. Any thread, while the owner is out of the guest, has {@link #settle settled} and stays
     * so.
     */
    SavedCpu save() throws IOException;

    /**
     * Makes this CPU, which has never run, what another was. Any thread, while the owner is out of the guest. Before the
     * partition's {@link Partition#load}.
     *
     * @param awayNanos
     *            how long ago the other was saved, at least 0: its clocks have gone on meanwhile
     * @throws SavedStateException
     *             when it cannot be that
     */
    void load(SavedCpu saved, long awayNanos) throws IOException;

    /**
     * Tells a guest that listens that it was stopped, so that it does not take the time that has gone by for a hang of its own.
     * Any thread, while the owner is out of the guest.
     */
    void tellStopped();

    /** Makes the current {@link #run} return soon, or the next if there is none. */
    void kick();

    /** Times that the CPU came out of the guest so far; from another thread perhaps a little late. */
    long exits();

    /** The last outcome and the registers, for the log. On the owner's thread. */
    String describe();

    /** After the owner has called {@link #unbind}, or never bound it. */
    @Override
    void close();
}
