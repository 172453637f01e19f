package io.drover.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class HostFactsTest {
    private static final String CPU = "processor\t: %d\nmodel name\t: Some CPU\nflags\t\t: %s\nbugs\t\t: none\n\n";

    @Test
    void featuresAreThoseThatEveryCpuHas() throws Exception {
        HostFacts facts = HostFacts.parse("x86_64", CPU.formatted(0, "sse2 avx svm") + CPU.formatted(1, "svm sse2"),
                "MemTotal:        1024 kB\nMemFree: 1 kB\n");

        assertThat(facts.cpus()).isEqualTo(2);
        assertThat(facts.cpuModel()).isEqualTo("Some CPU");
        assertThat(facts.cpuFeatures()).containsExactly("sse2", "svm");
        assertThat(facts.memoryBytes()).isEqualTo(1 << 20);
    }

    @Test
    void textThatIsNotOfThisKernelIsRefused() {
        assertThatThrownBy(() -> HostFacts.parse("x86_64", "", "MemTotal: 1 kB")).isInstanceOf(IOException.class)
                .hasMessageContaining("processor");
        assertThatThrownBy(() -> HostFacts.parse("x86_64", CPU.formatted(0, ""), "MemTotal: many"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("many");
    }

    @Test
    void thisHostCanBeRead() throws Exception {
        HostFacts facts = HostFacts.read();

        assertThat(facts.cpus()).isPositive();
        assertThat(facts.memoryBytes()).isGreaterThan(16 << 20);
    }
}
