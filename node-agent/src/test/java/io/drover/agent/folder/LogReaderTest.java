package io.drover.agent.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogReaderTest {
    @TempDir
    Path temp;

    private Path log;

    @BeforeEach
    void name() {
        log = temp.resolve("console.log");
    }

    private void append(String text) throws Exception {
        Files.writeString(log, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String all(LogReader reader) throws Exception {
        StringBuilder text = new StringBuilder();
        byte[] next = reader.read(3);
        while (next.length > 0) {
            text.append(new String(next, StandardCharsets.US_ASCII));
            next = reader.read(3);
        }
        return text.toString();
    }

    @Test
    void bothHalvesAreReadAsOneAndTheTailIsCounted() throws Exception {
        Files.writeString(LogFile.older(log), "01234");
        append("56789");

        for (int tail = 0; tail <= 12; tail++) {
            try (LogReader reader = new LogReader(log, tail)) {
                assertThat(all(reader)).isEqualTo("0123456789".substring(tail == 0 ? 0 : Math.max(0, 10 - tail)));
            }
        }
        assertThat(LogReader.tail(log, 7)).asString().isEqualTo("3456789");
    }

    @Test
    void logThatIsNotThereYetIsFollowedWhenItComes() throws Exception {
        try (LogReader reader = new LogReader(log, 0)) {
            assertThat(all(reader)).isEmpty();
            append("first");
            assertThat(all(reader)).isEqualTo("first");
            append(" second");
            assertThat(all(reader)).isEqualTo(" second");
        }
    }

    @Test
    void endIsWhereItWasWhenTheReaderBegan() throws Exception {
        append("before");
        try (LogReader reader = LogReader.atEnd(log)) {
            assertThat(all(reader)).isEmpty();
            append("after");
            assertThat(all(reader)).isEqualTo("after");
        }
    }

    @Test
    void nothingIsLostWhenTheLogIsRenamed() throws Exception {
        append("one ");
        try (LogReader reader = new LogReader(log, 0)) {
            assertThat(all(reader)).isEqualTo("one ");
            append("two ");
            Files.move(log, LogFile.older(log));
            append("three");
            assertThat(all(reader)).isEqualTo("two three");
            append(" four");
            assertThat(all(reader)).isEqualTo(" four");
        }
    }

    @Test
    void nothingIsLostWhenTheLogIsCopiedAndCut() throws Exception {
        append("one two ");
        try (LogReader reader = new LogReader(log, 0)) {
            assertThat(new String(reader.read(4), StandardCharsets.US_ASCII)).isEqualTo("one ");
            new LogFile(log, 8).rotateOpen();
            assertThat(log).isEmptyFile();
            append("3");
            assertThat(all(reader)).isEqualTo("two 3");
        }
    }

    @Test
    void rotationKeepsTheNewestAndLeavesSmallLogsAlone() throws Exception {
        append("0123456789");
        new LogFile(log, 11).rotateOpen();
        assertThat(log).hasContent("0123456789");
        new LogFile(log, 4).rotateOpen();

        assertThat(LogFile.older(log)).hasContent("6789");
        assertThat(log).isEmptyFile();
    }

    @Test
    void negativeTailIsRefused() {
        assertThatThrownBy(() -> new LogReader(log, -1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
    }

    @Test
    void lastWordsAreThoseOfThePresentRun() throws Exception {
        RunLog run = new RunLog(log);
        run.begin();
        append("terminating on signal 15\n");
        run.begin();
        assertThat(run.lastWords()).isEmpty();
        append("one\n\u0007two\n\n");

        assertThat(run.lastWords()).isEqualTo("one; two");
    }
}
