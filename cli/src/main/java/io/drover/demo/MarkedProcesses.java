package io.drover.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The processes of one cloud that still run: those with its mark in their environment, as in /proc. */
public final class MarkedProcesses {
    private final String entry;

    public MarkedProcesses(String mark) {
        this.entry = Cloud.MARK_VARIABLE + "=" + mark;
    }

    public List<ProcessHandle> running() {
        return ProcessHandle.allProcesses().filter(this::isMarked).toList();
    }

    private boolean isMarked(ProcessHandle process) {
        try {
            String environment = new String(
                    Files.readAllBytes(Path.of("/proc", String.valueOf(process.pid()), "environ")),
                    StandardCharsets.ISO_8859_1);
            return List.of(environment.split("\0", -1)).contains(entry);
        } catch (IOException ignored) {
            // It has just ended, or belongs to somebody else.
            return false;
        }
    }
}
