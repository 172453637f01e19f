package io.drover.bench;

import java.io.IOException;
import java.util.List;

/** A VMM that can run the guest. */
interface Contestant {
    /** For the table. */
    String name();

    /**
     * The command that runs the guest in the emulated host.
     *
     * @param commandLine
     *            the kernel's
     */
    List<String> command(String commandLine) throws IOException;
}
