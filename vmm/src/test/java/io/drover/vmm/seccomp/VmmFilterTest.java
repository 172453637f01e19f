package io.drover.vmm.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The filter in the kernel, in a process of its own: it cannot be taken off again. */
@Timeout(60)
final class VmmFilterTest {
    @TempDir
    private Path folder;

    private List<String> tryOut(boolean startsPasst) throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), FilterTrial.class.getName(), Boolean.toString(startsPasst),
                folder.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said.lines().toList();
    }

    @Test
    void processThatNeedsNoPasstKeepsFilesThreadsAndUnixSockets() throws Exception {
        assertThat(tryOut(false)).containsExactly("file yes", "thread yes", "unix yes", "tcp no", "program no",
                "threads [NoNewPrivs:1, Seccomp:2]");
    }

    @Test
    void processThatStartsPasstMayStartProgramsToo() throws Exception {
        assertThat(tryOut(true)).containsExactly("file yes", "thread yes", "unix yes", "tcp yes", "program yes",
                "threads [NoNewPrivs:1, Seccomp:2]");
    }
}
