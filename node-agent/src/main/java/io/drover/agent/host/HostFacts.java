package io.drover.agent.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What this machine is.
 *
 * @param architecture "x86_64"
 * @param cpuFeatures the flags of {@code /proc/cpuinfo} that every CPU has, sorted
 * @param cpus logical CPUs
 * @param memoryBytes MemTotal of {@code /proc/meminfo}
 */
public record HostFacts(String architecture, String cpuModel, List<String> cpuFeatures, int cpus, long memoryBytes) {
    public HostFacts {
        cpuFeatures = List.copyOf(cpuFeatures);
        if (cpus < 1 || memoryBytes < 1) {
            throw new IllegalArgumentException(
                    "host : " + cpus + " CPUs, " + memoryBytes + " bytes (expected: some of each)");
        }
    }

    /** Reads them. */
    public static HostFacts read() throws IOException {
        String architecture = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        return parse(architecture, Files.readString(Path.of("/proc/cpuinfo")),
                Files.readString(Path.of("/proc/meminfo")));
    }

    /**
     * Takes them from the kernel's text (proc(5)).
     *
     * @throws IOException when the text lacks what every Linux on x86 says
     */
    static HostFacts parse(String architecture, String cpuinfo, String meminfo) throws IOException {
        List<List<String>> flags = values(cpuinfo, "flags").stream()
                .map(line -> Arrays.stream(line.split(" ", -1)).filter(flag -> !flag.isEmpty()).sorted().distinct()
                        .toList())
                .toList();
        List<String> common = flags.isEmpty() ? List.of()
                : flags.getFirst().stream().filter(flag -> flags.stream().allMatch(cpu -> cpu.contains(flag))).toList();
        int cpus = values(cpuinfo, "processor").size();
        Optional<String> total = values(meminfo, "MemTotal").stream().findFirst();
        if (cpus == 0) {
            throw new IOException("/proc/cpuinfo : no line \"processor\" (expected: one for each CPU)");
        }
        if (total.isEmpty() || !total.get().matches("[0-9]+ kB")) {
            throw new IOException(
                    "/proc/meminfo : MemTotal " + total.orElse("missing") + " (expected: a number of kB)");
        }
        long memoryBytes = Long.parseLong(total.get().substring(0, total.get().length() - 3)) * 1024;
        return new HostFacts(architecture, values(cpuinfo, "model name").stream().findFirst().orElse("unknown"), common,
                cpus,
                memoryBytes);
    }

    private static List<String> values(String text, String key) {
        return text.lines()
                .filter(line -> line.contains(":") && line.substring(0, line.indexOf(':')).strip().equals(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).toList();
    }
}
