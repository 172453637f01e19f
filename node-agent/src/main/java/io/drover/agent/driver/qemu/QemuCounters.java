package io.drover.agent.driver.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineCounters.BalloonCounters;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineCounters.NicCounters;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.MachinePlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What QEMU counts of its disks: its answer to {@code query-blockstats} (QEMU QMP reference, BlockStats); and what there is of
 * its other devices. Of most it counts nothing.
 */
final class QemuCounters {
    private static final Path NETWORK_DEVICES = Path.of("/sys/class/net");
    private static final List<String> FAILURES = List.of("failed_rd_operations", "failed_wr_operations",
            "failed_flush_operations", "failed_unmap_operations");

    private QemuCounters() {}

    /** What a machine of that plan has done: of its disks, of nics on the host's devices, and of its balloon. */
    static MachineCounters of(QmpClient monitor, MachinePlan plan) throws IOException {
        List<NicCounters> nics = new ArrayList<>();
        for (MachineNic nic : plan.nics()) {
            if (nic.network() instanceof MachineNic.Network.Tap(String device)) {
                nics.add(TapCounters.read(NETWORK_DEVICES, device, nic.name()));
            }
        }
        Optional<BalloonCounters> balloon = plan.devices().balloon()
                ? Optional.of(QemuBalloon.counters(monitor, plan.memoryBytes()))
                : Optional.empty();
        return new MachineCounters(disks(monitor.execute("query-blockstats"), plan.disks()), nics, Optional.empty(),
                List.of(), balloon, Optional.empty(), OptionalLong.empty());
    }

    /**
     * Finds the disks of the plan.
     *
     * @throws IOException when QEMU does not tell of one
     */
    static List<DiskCounters> disks(JsonElement answer, List<MachineDisk> disks) throws IOException {
        Map<String, JsonObject> byNode = new HashMap<>();
        try {
            for (JsonElement each : answer.getAsJsonArray()) {
                JsonObject block = each.getAsJsonObject();
                if (block.has("node-name")) {
                    byNode.put(block.get("node-name").getAsString(), block.getAsJsonObject("stats"));
                }
            }
            List<DiskCounters> counters = new ArrayList<>();
            for (int index = 0; index < disks.size(); index++) {
                JsonObject stats = byNode.get(QemuDisk.node(index));
                if (stats == null) {
                    throw new IOException("QEMU does not tell of disk " + disks.get(index).name());
                }
                counters.add(counters(disks.get(index).name(), stats));
            }
            return counters;
        } catch (IllegalStateException | UnsupportedOperationException | ClassCastException
                | NumberFormatException e) {
            // Gson's ways to say that the answer has another shape.
            throw new IOException("QEMU's block statistics are not of the known shape", e);
        }
    }

    private static DiskCounters counters(String name, JsonObject stats) {
        long failures = FAILURES.stream().mapToLong(key -> count(stats, key)).sum();
        return new DiskCounters(name, count(stats, "rd_operations"), count(stats, "rd_bytes"),
                count(stats, "wr_operations"), count(stats, "wr_bytes"), count(stats, "flush_operations"),
                count(stats, "unmap_operations"), failures);
    }

    private static long count(JsonObject stats, String key) {
        return stats.has(key) ? stats.get(key).getAsLong() : 0;
    }
}
