package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;

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

    GuestMemory memory();

    /** Of that memory. */
    BackingFile backing();

    /** Whether the machine is to end, so that what is under way is for nothing. Any thread. */
    boolean isEnding();
}
