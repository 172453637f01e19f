package io.drover.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The processes of one cloud that still run, as /proc shows them: its programs have a mark in their environment; its VMs, which
 * agents start with an environment of their own, hold the locks of their folders. The janitor goes by the same signs.
 */
public final class CloudProcesses {
    private static final String LOCK = "run.lock";

    private final Path folder;
    private final String entry;

    public CloudProcesses(Path folder, String mark) {
        this.folder = folder;
        this.entry = Cloud.MARK_VARIABLE + "=" + mark;
    }

    public List<ProcessHandle> running() {
        return ProcessHandle.allProcesses().filter(process -> {
            Path proc = Path.of("/proc", String.valueOf(process.pid()));
            return isMarked(proc) || holdsLock(proc);
        }).toList();
    }

    private boolean isMarked(Path proc) {
        try {
            String environment = new String(Files.readAllBytes(proc.resolve("environ")), StandardCharsets.ISO_8859_1);
            return List.of(environment.split("\0", -1)).contains(entry);
        } catch (IOException ignored) {
            // It has just ended, or belongs to somebody else.
            return false;
        }
    }

    private boolean holdsLock(Path proc) {
        try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            return descriptors.anyMatch(this::isOurLock);
        } catch (IOException | java.io.UncheckedIOException ignored) {
            // As above.
            return false;
        }
    }

    private boolean isOurLock(Path descriptor) {
        try {
            Path target = Files.readSymbolicLink(descriptor);
            return target.startsWith(folder) && target.endsWith(LOCK);
        } catch (IOException ignored) {
            // Closed meanwhile.
            return false;
        }
    }
}
