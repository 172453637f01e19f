package io.drover.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ConvertersTest {
    @ParameterizedTest
    @CsvSource({"0, 0", "123, 123", "512M, 536870912", "2g, 2147483648", "1KiB, 1024", "4kb, 4096",
            "1T, 1099511627776"})
    void sizesAreBinary(String text, long bytes) {
        assertThat(Converters.bytes(text).count()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1", "1.5G", "1P", "12Q", "999999999999999999T", "99999999999999999999", " 1"})
    void whatIsNoSizeIsRefused(String text) {
        assertThatThrownBy(() -> Converters.bytes(text)).isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + text);
    }

    @Test
    void timesHaveUnits() {
        assertThat(Converters.duration("90")).isEqualTo(Duration.ofSeconds(90));
        assertThat(Converters.duration("90s")).isEqualTo(Duration.ofSeconds(90));
        assertThat(Converters.duration("5m")).isEqualTo(Duration.ofMinutes(5));
        assertThat(Converters.duration("300ms")).isEqualTo(Duration.ofMillis(300));
        assertThat(Converters.duration("1s250ms")).isEqualTo(Duration.ofMillis(1250));
        assertThat(Converters.duration("1h30m5s")).isEqualTo(Duration.ofSeconds(5405));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "1d", "-1s", "1.5s", "5 m", "9999999h"})
    void whatIsNoTimeIsRefused(String text) {
        assertThatThrownBy(() -> Converters.duration(text)).isInstanceOf(TypeConversionException.class);
    }
}
