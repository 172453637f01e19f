package io.drover.agent.driver.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Puts QEMU's threads of vCPUs on CPUs of the host, by taskset(1) of util-linux: its own sandbox keeps QEMU from it. */
final class QemuPinning {
    private QemuPinning() {}

    /**
     * Pins them.
     *
     * @param cpus one for each vCPU; empty: none is pinned
     * @throws IOException when one cannot be
     */
    static void pin(List<Integer> cpus, QmpClient monitor) throws IOException, InterruptedException {
        if (cpus.isEmpty()) {
            return;
        }
        for (JsonElement each : monitor.execute("query-cpus-fast").getAsJsonArray()) {
            JsonObject vcpu = each.getAsJsonObject();
            int index = vcpu.get("cpu-index").getAsInt();
            if (index >= cpus.size()) {
                throw new IOException("QEMU tells of vCPU " + index + " (expected: below " + cpus.size() + ")");
            }
            pin(vcpu.get("thread-id").getAsLong(), cpus.get(index));
        }
    }

    private static void pin(long thread, int cpu) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("taskset", "--pid", "--cpu-list", Integer.toString(cpu),
                Long.toString(thread)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException("a vCPU of QEMU cannot be put on CPU " + cpu + ": " + said);
        }
    }
}
