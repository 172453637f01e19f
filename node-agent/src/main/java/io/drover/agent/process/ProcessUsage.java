package io.drover.agent.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a process has used of the host (proc(5)).
 *
 * @param cpuTime of all its threads, in user mode, in the kernel and in guests, to 10 ms
 * @param residentBytes of memory, now
 */
public record ProcessUsage(Duration cpuTime, long residentBytes) {
    /** USER_HZ, which Linux shows to programs on x86 whatever its own clock is. */
    private static final long TICKS_PER_SECOND = 100;
    private static final long PAGE_BYTES = 4096;
    /** Counted from the state, field 3 of {@code stat}: utime is field 14, stime field 15. */
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;
    private static final int RESIDENT_PAGES = 1;

    /**
     * Looks.
     *
     * @throws IOException when the process has ended, or may not be looked at
     */
    public static ProcessUsage of(ProcessIdentity process) throws IOException {
        Path folder = Path.of("/proc", Long.toString(process.pid()));
        ProcessUsage usage = parse(read(folder.resolve("stat")), read(folder.resolve("statm")));
        if (!process.isAlive()) {
            throw new IOException("process " + process.pid() + " has ended");
        }
        return usage;
    }

    static ProcessUsage parse(String stat, String statm) throws IOException {
        try {
            // The command's name stands in parentheses and may hold anything.
            String[] times = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ", -1);
            long ticks = Long.parseLong(times[USER_TICKS]) + Long.parseLong(times[SYSTEM_TICKS]);
            long pages = Long.parseLong(statm.trim().split(" ", -1)[RESIDENT_PAGES]);
            return new ProcessUsage(Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND), pages * PAGE_BYTES);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IOException("/proc does not tell as proc(5) says: " + stat + statm, e);
        }
    }

    private static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    }
}
