package io.drover.vmm.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.log.Log;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConsoleLogTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "test");
    private final ConsoleRing ring = new ConsoleRing();

    @Test
    void closedLogHoldsEverythingAndALaterOneAppends() throws Exception {
        Path path = folder.resolve("console.log");
        print("printed before\n");
        ConsoleLog first = ConsoleLog.start(ring, path, 1 << 20, log);
        print("printed after\n");
        first.close();
        assertThat(path).hasContent("printed before\nprinted after\n");

        ConsoleRing another = new ConsoleRing();
        another.append((byte) '!');
        ConsoleLog.start(another, path, 1 << 20, log).close();
        assertThat(path).hasContent("printed before\nprinted after\n!");
        assertThat(logged.size()).isZero();
    }

    @Test
    void fullFileIsRotatedAndNothingIsLost() throws Exception {
        Path path = folder.resolve("console.log");
        Path rotated = folder.resolve("console.log.1");
        StringBuilder all = new StringBuilder();
        for (int line = 0; line < 12; line++) {
            // One log per line, so that each line is one write.
            String text = "line " + line + " of many\n";
            all.append(text);
            ConsoleRing each = new ConsoleRing();
            for (byte value : text.getBytes(StandardCharsets.US_ASCII)) {
                each.append(value);
            }
            ConsoleLog.start(each, path, 100, log).close();
        }
        assertThat(Files.size(path)).isLessThanOrEqualTo(100);
        assertThat(Files.size(rotated)).isLessThanOrEqualTo(100).isGreaterThan(80);
        assertThat(all.toString()).endsWith(Files.readString(rotated) + Files.readString(path));
    }

    @Test
    void fullDiskDropsOutputAndSaysSoOnce() throws Exception {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "needs /dev/full");
        ConsoleLog console = ConsoleLog.start(ring, full, Long.MAX_VALUE, log);
        print("x".repeat(100_000));
        console.close();
        assertThat(logged.toString(StandardCharsets.UTF_8)).containsOnlyOnce("cannot be written, output is dropped");
    }

    private void print(String text) {
        for (byte value : text.getBytes(StandardCharsets.US_ASCII)) {
            ring.append(value);
        }
    }
}
