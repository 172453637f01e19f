package io.drover.vmm.snapshot;

import java.io.IOException;

/** Hears how far a machine's memory has been written. */
@FunctionalInterface
public interface SaveProgress {
    /**
     * After each piece, on the thread that writes.
     *
     * @param lookedAtBytes
     *            of the memory
     * @param writtenBytes
     *            of those
     * @throws IOException
     *             when it is to end here; nothing is left of the file then
     */
    void at(long lookedAtBytes, long writtenBytes) throws IOException;
}
