package io.drover.vmm.accelerator;

import io.drover.vmm.memory.PageSet;
import java.io.IOException;

/**
 * Which pages of RAM the vCPUs have written to, while somebody wants to know; costs the guest nothing at other times. What others
 * write there, devices for example, is not in it. One thread at a time; vCPUs may run.
 */
public interface DirtyLog {
    /** Begins to log, from nothing. */
    void start() throws IOException;

    /**
     * Adds the pages that were written to since the last time, or the start, and begins anew with these.
     *
     * @param into
     *            of all pages of RAM, in the order of the partition's regions
     * @throws IOException
     *             when the accelerator refuses; what was found is in the set, the rest is still in the log
     */
    void collect(PageSet into) throws IOException;

    /** Ends it; does nothing when nothing is logged. */
    void stop() throws IOException;
}
