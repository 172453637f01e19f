package io.drover.agent.driver.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonParser;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

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
        assertThat(QemuCounters.of(JsonParser.parseString(ANSWER), DISKS).disks()).containsExactly(
                new DiskCounters("root", 9, 0, 0, 0, 0, 0, 0), new DiskCounters("data", 1, 512, 2, 1024, 3, 4, 11));
    }

    @Test
    void whatIsMissingOrOfAnotherShapeIsAnError() {
        assertThatThrownBy(() -> QemuCounters.of(JsonParser.parseString("[]"), DISKS)).isInstanceOf(IOException.class)
                .hasMessageContaining("root");
        for (String wrong : List.of("{}", "[1]", "[{\"node-name\": {}, \"stats\": {}}]",
                "[{\"node-name\": \"disk0\", \"stats\": {\"rd_bytes\": \"x\"}}]",
                "[{\"node-name\": \"disk0\", \"stats\": 3}]")) {
            assertThatThrownBy(() -> QemuCounters.of(JsonParser.parseString(wrong), DISKS)).as(wrong)
                    .isInstanceOf(IOException.class);
        }
    }
}
