package io.drover.vmm.migration;

import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.StreamException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How much memory this host could give without swapping (proc_meminfo(5)). */
public final class AvailableMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private AvailableMemory() {}

    /** Refuses what the host has not now: it is taken at once, and to take too much would have the kernel end processes. */
    public static void check(long bytes) throws StreamException {
        long available;
        try {
            available = parse(Files.readAllLines(MEMINFO, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new StreamException(FailureKind.FAILED, MEMINFO + " cannot be read: " + e.getMessage());
        }
        check(bytes, available);
    }

    static void check(long bytes, long available) throws StreamException {
        if (bytes > available) {
            throw new StreamException(FailureKind.NO_MEMORY, "memory : " + bytes + " bytes (expected: at most "
                    + available + ", which is what this host has to give)");
        }
    }

    /** In bytes. */
    static long parse(List<String> lines) throws IOException {
        for (String line : lines) {
            if (line.startsWith("MemAvailable:")) {
                return Long.parseLong(line.split(" +", -1)[1]) << 10;
            }
        }
        throw new IOException("no MemAvailable");
    }
}
