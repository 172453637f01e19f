package io.drover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Tells whoever started the agent that it serves: there whole or not at all. */
final class ReadyFile {
    private ReadyFile() {}

    static void write(Path file, Agent.Addresses addresses) throws IOException {
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(aside, "address=" + addresses.agent() + "\n"
                + addresses.metrics().map(metrics -> "metrics=" + metrics + "\n").orElse("")
                + "pid=" + ProcessHandle.current().pid() + "\n");
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
