package io.drover.vmm.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How much memory there is on this host at all (proc_meminfo(5)). */
final class HostMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private HostMemory() {}

    /**
     * Refuses what would not fit if the host had nothing else to do. How much of it may be promised beyond that is the agent's
     * to say: pages are taken when the guest first touches them.
     */
    static void check(long bytes) throws HostException {
        long most;
        try {
            most = parse(Files.readAllLines(MEMINFO, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new HostException(MEMINFO + " cannot be read: " + e.getMessage(), e);
        }
        if (bytes > most) {
            throw new HostException("memory : " + bytes + " bytes (expected: at most " + most
                    + ", which is all the memory and swap of this host)");
        }
    }

    /** Memory and swap, in bytes. */
    static long parse(List<String> lines) throws IOException {
        long kib = 0;
        for (String line : lines) {
            if (line.startsWith("MemTotal:") || line.startsWith("SwapTotal:")) {
                String[] words = line.split(" +", -1);
                kib += Long.parseLong(words[1]);
            }
        }
        if (kib == 0) {
            throw new IOException("no MemTotal");
        }
        return kib << 10;
    }
}
