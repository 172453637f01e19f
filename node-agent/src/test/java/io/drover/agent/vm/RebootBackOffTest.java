package io.drover.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RebootBackOffTest {
    private static final Duration SHORT = Duration.ofSeconds(2);

    @Test
    void fewRebootsCostNoTimeAndManyCostMoreAndMoreUpToHalfAMinute() {
        RebootBackOff backOff = new RebootBackOff();

        assertThat(IntStream.range(0, 12).mapToLong(i -> backOff.after(SHORT).toSeconds())).containsExactly(0L, 0L, 0L,
                1L, 2L, 4L, 8L,
                16L, 30L, 30L, 30L, 30L);
    }

    @Test
    void longRunForgivesEarlierReboots() {
        RebootBackOff backOff = new RebootBackOff();
        for (int i = 0; i < 10; i++) {
            backOff.after(SHORT);
        }

        assertThat(backOff.after(RebootBackOff.LONG_RUN)).isZero();
        assertThat(backOff.after(SHORT)).isZero();
    }
}
