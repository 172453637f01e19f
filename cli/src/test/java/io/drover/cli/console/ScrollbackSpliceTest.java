package io.drover.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScrollbackSpliceTest {
    private final ScrollbackSplice splice = new ScrollbackSplice();

    @Test
    void scrollbackThatWasSeenIsNotShownAgain() {
        assertThat(accept("one two ")).isEqualTo("one two ");
        splice.reconnected();
        assertThat(accept("one two three")).isEqualTo("three");
        assertThat(accept(" four")).isEqualTo(" four");
    }

    @Test
    void scrollbackThatLostItsBeginningStillFits() {
        accept("x".repeat(10_000) + "tail" + "y".repeat(ScrollbackSplice.REMEMBERED));
        splice.reconnected();
        assertThat(accept("tail" + "y".repeat(ScrollbackSplice.REMEMBERED) + "new")).isEqualTo("new");
    }

    @Test
    void scrollbackOfAnotherRunIsShownWhole() {
        accept("first run");
        splice.reconnected();
        assertThat(accept("second run")).isEmpty();
        assertThat(splice.holds()).isTrue();
        assertThat(new String(splice.flush(), StandardCharsets.UTF_8)).isEqualTo("second run");
        assertThat(splice.holds()).isFalse();
    }

    @Test
    void theLastOccurrenceCounts() {
        accept("$ ");
        splice.reconnected();
        assertThat(accept("$ ls\r\n$ ")).isEmpty();
        assertThat(accept("new")).isEqualTo("new");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyCutsGiveTheWholeOutputOnce(long seed) {
        Random random = new Random(seed);
        byte[] all = new byte[20_000];
        random.nextBytes(all);
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        int printed = 0;
        for (int connection = 0; connection < 5; connection++) {
            splice.reconnected();
            // The guest has printed meanwhile; the server sends all of it again, in pieces of its own.
            printed = Math.min(all.length, printed + random.nextInt(6_000));
            for (int from = 0; from < printed;) {
                int to = Math.min(printed, from + 1 + random.nextInt(3_000));
                shown.writeBytes(splice.accept(Arrays.copyOfRange(all, from, to)));
                from = to;
            }
        }
        assertThat(shown.toByteArray()).isEqualTo(Arrays.copyOf(all, printed));
    }

    private String accept(String text) {
        return new String(splice.accept(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    }
}
