package io.drover.agent.driver.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonParser;
import io.drover.agent.driver.MachineCounters.BalloonCounters;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineCounters.NicCounters;
import io.drover.agent.driver.MachineDisk;
import io.drover.vmm.client.VmmMemoryStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuCountersTest {
    private static final List<MachineDisk> DISKS = List.of(disk("root"), disk("data"));
    private static final String ANSWER = """
            [{"node-name": "disk1", "stats": {"rd_operations": 1, "rd_bytes": 512, "wr_operations": 2, "wr_bytes": 1024,
              "flush_operations": 3, "unmap_operations": 4, "failed_rd_operations": 5, "failed_wr_operations": 6}},
             {"node-name": "disk0", "stats": {"rd_operations": 9}}, {"device": "other", "stats": {}}]""";

    private static MachineDisk disk(String name) {
        return new MachineDisk(name, Path.of("/" + name), Optional.empty(), false, name, false);
    }

    @Test
    void disksAreFoundByTheirNodesWhateverTheOrder() throws Exception {
        assertThat(QemuCounters.disks(JsonParser.parseString(ANSWER), DISKS)).containsExactly(
                new DiskCounters("root", 9, 0, 0, 0, 0, 0, 0), new DiskCounters("data", 1, 512, 2, 1024, 3, 4, 11));
    }

    @Test
    void whatIsMissingOrOfAnotherShapeIsAnError() {
        assertThatThrownBy(() -> QemuCounters.disks(JsonParser.parseString("[]"), DISKS))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("root");
        for (String wrong : List.of("{}", "[1]", "[{\"node-name\": {}, \"stats\": {}}]",
                "[{\"node-name\": \"disk0\", \"stats\": {\"rd_bytes\": \"x\"}}]",
                "[{\"node-name\": \"disk0\", \"stats\": 3}]")) {
            assertThatThrownBy(() -> QemuCounters.disks(JsonParser.parseString(wrong), DISKS)).as(wrong)
                    .isInstanceOf(IOException.class);
        }
    }

    private static BalloonCounters balloon(String actual, String stats) throws IOException {
        return QemuBalloon.counters(JsonParser.parseString(actual), JsonParser.parseString(stats), 64);
    }

    @Test
    void whatTheGuestDoesNotTellOfItsMemoryIsNotTold() throws Exception {
        BalloonCounters silent = balloon("{\"actual\": 32}", """
                {"last-update": 0, "stats": {"stat-free-memory": 18446744073709551615}}""");
        assertThat(silent).isEqualTo(
                new BalloonCounters(64, 32, OptionalLong.empty(), OptionalLong.empty(), Optional.empty()));
        VmmMemoryStatistics told = balloon("{\"actual\": 32}", """
                {"last-update": 100, "stats": {"stat-free-memory": 7, "stat-total-memory": 8,
                 "stat-disk-caches": 18446744073709551615}}""").memory().orElseThrow();
        assertThat(told.at()).isEqualTo(Instant.ofEpochSecond(100));
        assertThat(told.free()).hasValue(7);
        assertThat(told.total()).hasValue(8);
        assertThat(told.caches()).isEmpty();
        assertThat(told.swappedIn()).isEmpty();
        for (String wrong : List.of("{}", "[]", "{\"last-update\": 1}",
                "{\"last-update\": 9223372036854775807, \"stats\": {}}",
                "{\"last-update\": 1, \"stats\": {\"stat-free-memory\": {}}}")) {
            assertThatThrownBy(() -> balloon("{\"actual\": 32}", wrong)).as(wrong).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatATapSendsTheGuestReceives(@TempDir Path devices) throws Exception {
        Path counts = Files.createDirectories(devices.resolve("tap0/statistics"));
        String[] names = {"tx_packets", "tx_bytes", "tx_dropped", "rx_packets", "rx_bytes", "rx_dropped"};
        for (int place = 0; place < names.length; place++) {
            Files.writeString(counts.resolve(names[place]), place + 1 + "\n");
        }
        assertThat(TapCounters.read(devices, "tap0", "net0")).isEqualTo(new NicCounters("net0", 1, 2, 3, 4, 5, 6));
        Files.writeString(counts.resolve("rx_bytes"), "many\n");
        assertThatThrownBy(() -> TapCounters.read(devices, "tap0", "net0")).isInstanceOf(IOException.class)
                .hasMessageContaining("rx_bytes : many");
        assertThatThrownBy(() -> TapCounters.read(devices, "tap1", "net0")).isInstanceOf(IOException.class);
    }
}
