package io.drover.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RoundTest {
    private static final Set<Metric.Phase> MEMORY = Set.of(Metric.Phase.MEMORY);

    @Test
    void whatTheScriptsSayIsReadInTheUnitsOfTheTable() throws IOException {
        Round round = Round.parse("""
                drover-guest: init started
                bench: boot 4200
                bench: disk-read-1 1000.5
                bench: disk-write-1 900
                bench: disk-read-16 8000
                bench: disk-write-16 7000
                bench: disk-read-ordered 400
                bench: done
                """, Set.of(Metric.Phase.BOOT, Metric.Phase.DISK));

        assertThat(round.values()).hasSize(6).containsEntry(Metric.BOOT, 4200.0).containsEntry(Metric.DISK_READ_1,
                1000.5);
        // 400 requests of 256 KiB.
        assertThat(round.values().get(Metric.DISK_READ_ORDERED)).isEqualTo(100, within(1e-9));
    }

    @Test
    void whatWasNotAskedForIsPassedOver() throws IOException {
        assertThat(Round.parse("bench: boot 1\nbench: rss 2048\nbench: private 1024\n", MEMORY).values())
                .containsOnlyKeys(Metric.RSS, Metric.PRIVATE).containsEntry(Metric.RSS, 2.0);
    }

    @Test
    void aMeasurementThatIsMissingIsNamed() {
        assertThatThrownBy(() -> Round.parse("bench: rss 2048\n", MEMORY)).isInstanceOf(IOException.class)
                .hasMessageContaining("private memory beyond the guest's").hasMessageContaining("bench: rss 2048");
    }

    @Test
    void aMeasurementThatFailedIsToldWithItsReason() {
        assertThatThrownBy(() -> Round.parse("bench: failed tcp-send: connect: Connection refused\n", MEMORY))
                .hasMessageContaining("tcp-send: connect: Connection refused");
    }

    @Test
    void whatIsNoMeasurementIsRefused() {
        for (String bad : new String[] {"bench: rss", "bench: rss x", "bench: rss 0", "bench: rss -1",
                "bench: rss NaN", "bench: rss 1 2"}) {
            assertThatThrownBy(() -> Round.parse(bad, MEMORY)).as(bad).isInstanceOf(IOException.class)
                    .hasMessageContaining(bad);
        }
    }
}
