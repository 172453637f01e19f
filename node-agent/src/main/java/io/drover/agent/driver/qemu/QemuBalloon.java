package io.drover.agent.driver.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineCounters.BalloonCounters;
import io.drover.vmm.client.VmmMemoryStatistics;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/** QEMU's balloon: how it is made, and what it tells (QEMU, docs/virtio-balloon-stats.txt). */
final class QemuBalloon {
    static final String ID = "balloon";
    /** Of a statistic that the guest does not tell: all bits are set. */
    private static final String UNKNOWN = "18446744073709551615";
    private static final int STATISTICS_SECONDS = 5;
    private static final String POLLING = "guest-stats-polling-interval";

    private QemuBalloon() {}

    /** In QEMU's command line. */
    static String device() {
        return "virtio-balloon-pci,id=" + ID + ",deflate-on-oom=on,free-page-reporting=on," + POLLING + "="
                + STATISTICS_SECONDS;
    }

    /**
     * What it has done.
     *
     * @param targetBytes what the guest is to be left with: QEMU does not tell
     * @throws IOException when it does not answer
     */
    static BalloonCounters counters(QmpClient monitor, long targetBytes) throws IOException {
        JsonObject property = new JsonObject();
        property.addProperty("path", "/machine/peripheral/" + ID);
        property.addProperty("property", "guest-stats");
        return counters(monitor.execute("query-balloon"), monitor.execute("qom-get", property), targetBytes);
    }

    static BalloonCounters counters(JsonElement balloon, JsonElement told, long targetBytes) throws IOException {
        try {
            long actual = balloon.getAsJsonObject().get("actual").getAsLong();
            JsonObject report = told.getAsJsonObject();
            long at = report.get("last-update").getAsLong();
            JsonObject stats = report.getAsJsonObject("stats");
            Optional<VmmMemoryStatistics> memory = at == 0 ? Optional.empty()
                    : Optional.of(new VmmMemoryStatistics(Instant.ofEpochSecond(at),
                            statistic(stats, "stat-free-memory"), statistic(stats, "stat-total-memory"),
                            statistic(stats, "stat-available-memory"), statistic(stats, "stat-disk-caches"),
                            statistic(stats, "stat-swap-in"), statistic(stats, "stat-swap-out"),
                            statistic(stats, "stat-major-faults"), statistic(stats, "stat-minor-faults")));
            return new BalloonCounters(targetBytes, actual, OptionalLong.empty(), OptionalLong.empty(), memory);
        } catch (RuntimeException e) {
            // Gson's ways to say that the answer has another shape, and a time that no clock can show.
            throw new IOException("what QEMU tells of its balloon is not of the known shape", e);
        }
    }

    private static OptionalLong statistic(JsonObject stats, String name) {
        return stats.has(name) && !stats.get(name).getAsString().equals(UNKNOWN)
                ? OptionalLong.of(stats.get(name).getAsLong())
                : OptionalLong.empty();
    }
}
