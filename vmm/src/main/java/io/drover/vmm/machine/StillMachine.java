package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;
import java.util.Set;

/** A machine that is paused and stays so: nothing of the guest changes. Of use on the machine's thread only. */
public interface StillMachine {
    /**
     * All that the guest has, but its memory and disks. May be asked for again.
     *
     * @throws IOException
     *             when it cannot be told just now, or not at all; the message says why
     */
    SavedMachine state() throws IOException;

    /** What the guest has written to its disks is durable when this returns. */
    void flushDisks() throws IOException;

    /**
     * Lets others have the images of disks, which are flushed: nothing is written to them any more before the machine was told
     * to run on, and has them for itself again.
     *
     * @param kept
     *            ids of disks that stay this machine's
     */
    void releaseDisks(Set<String> kept) throws IOException;

    GuestMemory memory();

    /** Of that memory. */
    BackingFile backing();

    /** Whether the machine is to end, so that what is under way is for nothing. Any thread. */
    boolean isEnding();
}
