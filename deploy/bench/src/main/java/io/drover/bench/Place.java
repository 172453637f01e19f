package io.drover.bench;

import java.nio.file.Path;

/** Where things are in the emulated host. */
final class Place {
    /** In the host's memory. */
    static final Path FOLDER = Path.of("/run/bench");
    static final Path DISK = FOLDER.resolve("disk");
    /** Of the VMM that runs; emptied before each. */
    static final Path RUN = FOLDER.resolve("run");
    static final Path CONSOLE = RUN.resolve("console");
    static final String TAP = "tap0";
    static final String MAC = "52:54:00:00:00:02";

    private Place() {}
}
