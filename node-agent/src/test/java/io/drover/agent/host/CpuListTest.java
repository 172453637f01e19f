package io.drover.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuListTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0-3", "0-3,7", "2,4,6-8"})
    void whatIsReadIsWritten(String text) {
        assertThat(CpuList.text(CpuList.parse(text))).isEqualTo(text);
    }

    @Test
    void orderAndOverlapDoNotMatter() {
        assertThat(CpuList.parse("7,0-2,1-3\n")).containsExactly(0, 1, 2, 3, 7);
        assertThat(CpuList.text(List.of(7, 3, 1, 2, 0))).isEqualTo("0-3,7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "1-", "-1", "3-1", "1,,2", "1 2", "999999"})
    void anythingElseIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> CpuList.parse(text)).withMessageContaining(text);
    }
}
