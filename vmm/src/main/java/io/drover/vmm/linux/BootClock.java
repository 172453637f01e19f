package io.drover.vmm.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** CLOCK_BOOTTIME: monotonic, and goes on while the machine sleeps. */
public final class BootClock {
    /** linux/time.h. */
    private static final long CLOCK_BOOTTIME = 7;
    /** /proc/self/stat counts in USER_HZ, which is 100 on x86-64. */
    private static final long NANOS_PER_TICK = 10_000_000;
    /** proc_pid_stat(5): starttime is field 22, and the first after the name is field 3. */
    private static final int START_TIME_AFTER_NAME = 22 - 3;

    private BootClock() {}

    /** Nanoseconds since the machine booted. */
    public static long nanos() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(16, 8);
            long result = SystemCall.invoke(SystemCall.CLOCK_GETTIME, CLOCK_BOOTTIME, time.address(), 0);
            if (result < 0) {
                throw new IllegalStateException(
                        "clock_gettime(CLOCK_BOOTTIME) failed: " + Errno.describe((int) -result));
            }
            return time.get(ValueLayout.JAVA_LONG, 0) * 1_000_000_000 + time.get(ValueLayout.JAVA_LONG, 8);
        }
    }

    /** When this process began, on this clock; up to 10 ms too early, for the kernel tells no more. */
    public static long processStartNanos() throws IOException {
        String stat = new String(Files.readAllBytes(Path.of("/proc/self/stat")), StandardCharsets.ISO_8859_1);
        int at = stat.lastIndexOf(')') + 2;
        for (int field = 0; field < START_TIME_AFTER_NAME; field++) {
            at = stat.indexOf(' ', at) + 1;
        }
        return Long.parseLong(stat, at, stat.indexOf(' ', at), 10) * NANOS_PER_TICK;
    }
}
