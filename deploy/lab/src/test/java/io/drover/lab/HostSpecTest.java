package io.drover.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostSpecTest {
    private static HostSpec named(String name) {
        return new HostSpec(name, 1, 2, 2048, List.of(7071), List.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1h", "h-", "H1", "h 1", "h,id=x", "../h"})
    void oddNameIsRefused(String name) {
        assertThatThrownBy(() -> named(name)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'");
    }

    @ParameterizedTest
    @CsvSource({"0,2,2048,7071", "251,2,2048,7071", "1,0,2048,7071", "1,65,2048,7071", "1,2,511,7071", "1,2,2048,1",
            "1,2,2048,65536"})
    void valueOutOfRangeIsRefused(int number, int cpus, int memory, int port) {
        assertThatThrownBy(() -> new HostSpec("h", number, cpus, memory, List.of(port), List.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("expected");
    }

    @Test
    void folderThatWouldSpoilTheCommandLineIsRefused() {
        for (String folder : List.of("relative", "/a,b", "/a b")) {
            assertThatThrownBy(() -> new HostSpec("h", 1, 2, 2048, List.of(), List.of(Path.of(folder))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"512M,512", "3G,3072", "1T,1048576", "2097152,2", "1048576K,1024"})
    void memoryIsReadInBinaryUnits(String text, int mebibytes) {
        assertThat(MemorySize.parseMebibytes(text)).isEqualTo(mebibytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "-1G", "1.5G", "1g", "999999999999T", "9999999999999999999"})
    void oddMemoryIsRefused(String text) {
        assertThatThrownBy(() -> MemorySize.parseMebibytes(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void instructionsAreCountedOnOneCpuOnly() {
        new HostSpec("h1", 1, 1, 1024, List.of(), List.of(), HostSpec.Clock.INSTRUCTIONS);
        assertThatThrownBy(
                () -> new HostSpec("h1", 1, 2, 1024, List.of(), List.of(), HostSpec.Clock.INSTRUCTIONS))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cpus : 2");
    }
}
