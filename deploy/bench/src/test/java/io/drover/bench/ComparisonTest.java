package io.drover.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ComparisonTest {
    private static Round round(double bootMillis, double reads) {
        return new Round(Map.of(Metric.BOOT, bootMillis, Metric.DISK_READ_1, reads));
    }

    @Test
    void neighboursAreComparedAndTheMedianCounts() {
        // The machine is four times slower in the last two rounds, for both.
        Comparison comparison = new Comparison("peer",
                List.of(round(1000, 800), round(4000, 200), round(4000, 230)),
                List.of(round(2000, 400), round(4000, 100), round(2000, 100)));

        assertThat(comparison.score(Metric.BOOT)).as("less is better").isEqualTo(1.0, within(1e-9));
        assertThat(comparison.score(Metric.DISK_READ_1)).as("more is better").isEqualTo(2.0, within(1e-9));
        assertThat(comparison.table().lines()).containsExactly(
                "| 3 rounds | peer | Drover | times as good (worst, best) |", "|---|---|---|---|",
                "| VMM's start to the guest's init, ms | 2,000 | 4,000 | 1.00 (0.50, 2.00) |",
                "| 4 KiB random reads, one at a time, 1/s | 100 | 230 | 2.00 (2.00, 2.30) |");
    }

    @Test
    void roundsMustPairUp() {
        assertThatThrownBy(() -> new Comparison("peer", List.of(round(1, 1)), List.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 and 0");
    }
}
