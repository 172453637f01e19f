package io.drover.agent.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One process of this host, told from another that got the same pid later by its start time.
 *
 * @param pid the process id, positive
 * @param startTicks field 22 of {@code /proc/<pid>/stat}: clock ticks from boot to the start of the process (proc(5))
 */
public record ProcessIdentity(long pid, long startTicks) {
    public ProcessIdentity {
        if (pid <= 0) {
            throw new IllegalArgumentException("pid : " + pid + " (expected: positive)");
        }
    }

    /** The process that has {@code pid} now; empty when none has, or when it has ended and only waits to be reaped. */
    public static Optional<ProcessIdentity> of(long pid) {
        return fields(pid)
                .filter(fields -> !(fields[0].equals("X") || (fields[0].equals("Z") && !hasOtherThreads(pid))))
                .map(fields -> new ProcessIdentity(pid, Long.parseLong(fields[19])));
    }

    /** The process that is the parent of {@code pid} now. */
    static Optional<Long> parent(long pid) {
        return fields(pid).map(fields -> Long.parseLong(fields[1]));
    }

    /** The leader of the session of {@code pid}. */
    static Optional<Long> session(long pid) {
        return fields(pid).map(fields -> Long.parseLong(fields[3]));
    }

    /** Of {@code /proc/<pid>/stat}, from the third on: the state. */
    private static Optional<String[]> fields(long pid) {
        String stat;
        try {
            stat = new String(Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat")),
                    StandardCharsets.ISO_8859_1);
        } catch (IOException expected) {
            return Optional.empty();
        }
        // The command's name stands in parentheses and may hold anything, parentheses included: the last one ends it.
        int nameEnd = stat.lastIndexOf(')');
        if (nameEnd < 0) {
            return Optional.empty();
        }
        return Optional.of(stat.substring(nameEnd + 1).trim().split(" ", -1)).filter(fields -> fields.length >= 20);
    }

    /**
     * Whether a process lives on in threads beside its first: that one may be a zombie while others still hold what
     * the process had open.
     */
    private static boolean hasOtherThreads(long pid) {
        Path tasks = Path.of("/proc", Long.toString(pid), "task");
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                if (!thread.getFileName().toString().equals(Long.toString(pid))) {
                    return true;
                }
            }
            return false;
        } catch (IOException | DirectoryIteratorException expected) {
            return false;
        }
    }

    /** The number of the user that this agent runs as. */
    public static int ownUser() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /** Whether this very process still runs. */
    public boolean isAlive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /** Sends SIGKILL, if the process still runs. */
    public void kill() {
        if (isAlive()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /**
     * Waits until the process is gone, or a zombie that nobody has reaped yet.
     *
     * @return false when it still runs after {@code patience}
     */
    public boolean awaitEnd(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        long pause = 1;
        while (isAlive()) {
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            // There is no call to wait for a process that is not a child, short of a pidfd.
            Thread.sleep(pause);
            pause = Math.min(50, pause * 2);
        }
        return true;
    }

    /** The current folder of the process, as a path that stays short however long the folder's own is. */
    public Path folder() {
        return Path.of("/proc", Long.toString(pid), "cwd");
    }
}
