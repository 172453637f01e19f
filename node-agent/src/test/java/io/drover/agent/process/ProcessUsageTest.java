package io.drover.agent.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ProcessUsageTest {
    @Test
    void timesStandBehindANameThatMayHoldAnything() throws Exception {
        String stat = "4242 (a) b 1 (c)) S 1 2 3 4 5 6 7 8 9 10 250 17 0 0 20 0 5 0 99 1 2\n";
        assertThat(ProcessUsage.parse(stat, "9000 12 3 4 5 6 7\n"))
                .isEqualTo(new ProcessUsage(Duration.ofMillis(2670), 12 * 4096));
    }

    @Test
    void whatIsNotAsDocumentedIsAnError() {
        assertThatThrownBy(() -> ProcessUsage.parse("1 (x) S 1 2", "1 2")).isInstanceOf(IOException.class)
                .hasMessageContaining("proc(5)");
    }

    @Test
    void thisProcessHasUsedSomething() throws Exception {
        ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
        ProcessUsage usage = ProcessUsage.of(self);
        assertThat(usage.cpuTime()).isPositive();
        assertThat(usage.residentBytes()).isGreaterThan(1 << 20);
    }

    @Test
    void processThatHasEndedHasNoUsage() throws Exception {
        Process process = new ProcessBuilder("true").start();
        ProcessIdentity gone = new ProcessIdentity(process.pid(), 1);
        process.waitFor();
        assertThatThrownBy(() -> ProcessUsage.of(gone)).isInstanceOf(IOException.class);
    }
}
