package io.drover.agent.cgroup;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a VM's processes may take of the host together.
 *
 * @param memoryBytes all of their memory, but for huge pages
 * @param processes and threads
 * @param cpuLimitMillis CPU time, in thousandths of a CPU; 0: any
 * @param cpuWeight their share where others want CPUs, too: 1 to 10,000; 0: the usual
 */
public record CgroupSettings(long memoryBytes, int processes, int cpuLimitMillis, int cpuWeight) {
    private static final int PERIOD_MICROS = 100_000;
    private static final int USUAL_WEIGHT = 100;

    /** By file, as the kernel takes them (Documentation/admin-guide/cgroup-v2.rst). */
    Map<String, String> files() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("memory.max", Long.toString(memoryBytes));
        // A VM that has lost one of its processes is of no use.
        files.put("memory.oom.group", "1");
        files.put("pids.max", Integer.toString(processes));
        files.put("cpu.max", (cpuLimitMillis == 0 ? "max"
                : Long.toString((long) cpuLimitMillis * PERIOD_MICROS / 1000)) + " " + PERIOD_MICROS);
        files.put("cpu.weight", Integer.toString(cpuWeight == 0 ? USUAL_WEIGHT : cpuWeight));
        return files;
    }
}
