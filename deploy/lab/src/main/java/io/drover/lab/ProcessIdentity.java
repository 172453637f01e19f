package io.drover.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One process and no other: a pid alone is used again after the process has ended, and after the machine was started again.
 *
 * @param startTicks when it started, in clock ticks since the machine did (proc(5), /proc/PID/stat, field 22)
 * @param bootId     of /proc/sys/kernel/random/boot_id
 */
record ProcessIdentity(long pid, long startTicks, String bootId) {

    static ProcessIdentity of(ProcessHandle process) throws IOException {
        return new ProcessIdentity(process.pid(), startTicks(process.pid())
                .orElseThrow(() -> new LabException("process " + process.pid() + " has ended")), currentBootId());
    }

    static ProcessIdentity from(Properties properties) {
        return new ProcessIdentity(Long.parseLong(properties.getProperty("pid", "")),
                Long.parseLong(properties.getProperty("start-ticks", "")), properties.getProperty("boot-id", ""));
    }

    void putInto(Properties properties) {
        properties.setProperty("pid", Long.toString(pid));
        properties.setProperty("start-ticks", Long.toString(startTicks));
        properties.setProperty("boot-id", bootId);
    }

    private static String currentBootId() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    private static Optional<Long> startTicks(long pid) throws IOException {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The second field is the program's name in parentheses, and may hold blanks and parentheses itself.
            String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            boolean zombie = afterName[0].equals("Z");
            return zombie ? Optional.empty() : Optional.of(Long.parseLong(afterName[19]));
        } catch (NoSuchFileException ended) {
            return Optional.empty();
        } catch (IOException e) {
            // ESRCH: it ended between open and read.
            if (ProcessHandle.of(pid).isEmpty()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    boolean isRunning() throws IOException {
        return bootId.equals(currentBootId()) && startTicks(pid).filter(ticks -> ticks == startTicks).isPresent();
    }

    /**
     * Asks the process to end, after {@code grace} makes it, and waits for that.
     *
     * @throws LabException when this user may not end it
     */
    void end(Duration grace) throws IOException, InterruptedException {
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        if (handle.isEmpty() || !isRunning()) {
            return;
        }
        handle.get().destroy();
        if (!ended(handle.get(), grace)) {
            handle.get().destroyForcibly();
            if (!ended(handle.get(), Duration.ofSeconds(10)) && isRunning()) {
                throw new LabException("process " + pid + " could not be ended; is it another user's?");
            }
        }
    }

    private static boolean ended(ProcessHandle handle, Duration limit) throws InterruptedException {
        try {
            handle.onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException stillRunning) {
            return false;
        } catch (ExecutionException e) {
            throw new AssertionError("ProcessHandle.onExit never fails", e);
        }
    }
}
