package io.drover.vmm.migration.stream;

import java.io.IOException;

/** Who loads the state of a machine that has been received. */
public interface StateTaker {
    /**
     * Loads it. When all pages are in memory; runs nothing.
     *
     * @throws IOException
     *             when this machine cannot take that state: the sender is told the message
     */
    void take(byte[] state) throws IOException;
}
