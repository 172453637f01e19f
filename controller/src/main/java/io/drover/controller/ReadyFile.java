package io.drover.controller;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Tells whoever started this process that it serves, and where. */
final class ReadyFile {
    private ReadyFile() {}

    /** Whole or not at all. */
    static void write(Path file, String api, String zookeeper) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        Files.createDirectories(parent);
        Path temporary = parent.resolve(file.getFileName() + ".tmp");
        Files.writeString(temporary,
                "api=" + api + "\nzookeeper=" + zookeeper + "\npid=" + ProcessHandle.current().pid() + "\n");
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
