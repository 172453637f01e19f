package io.drover.vmm.migration;

import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import io.drover.vmm.migration.stream.SentDisk;
import java.io.IOException;
import java.util.List;

/** The machine whose guest is sent. Called on the migration's thread; may wait. */
public interface SendingMachine {
    GuestMemory memory();

    /** Those of its disks that are sent with it; the others are the other side's too. The same each time. */
    List<SentDisk> disks();

    /** What vCPUs write. */
    DirtyLog dirtyLog();

    /** Adds the pages that may be something else than zeros, as {@link BackingFile#addResident}. */
    void addResident(PageSet into) throws IOException;

    /**
     * Holds vCPUs out of the guest for a part of their time.
     *
     * @param percent
     *            0 to 99; 0 ends it
     */
    void throttle(int percent);

    /** Makes durable what the guest has written to its disks, so that little is left of that when it stands still. */
    void flushDisks() throws IOException;

    /**
     * Returns when nothing of the guest changes any more.
     *
     * @throws IOException
     *             when it cannot be paused: it runs on then
     */
    void pause() throws IOException;

    /**
     * All that the guest has but its memory and disks, which are flushed; those that are not sent are given up for the other
     * side. While it is paused.
     *
     * @throws IOException
     *             when it cannot be told
     */
    byte[] saveState() throws IOException;
}
