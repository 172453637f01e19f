package io.drover.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.cli.CommandProcess;
import io.drover.cli.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A demo that is ended from outside leaves nothing. Its programs are stand-ins, so that it can be met where it waits. */
@Timeout(120)
class InterruptedDemoTest {
    @TempDir
    private Path temporary;
    @TempDir
    private Path home;

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "HUP", "KILL"})
    void leavesNothingBehind(String signal) throws Exception {
        Path started = home.resolve("started");
        Process demo = startDemo(
                // Starts a guest in a session of its own, and never serves.
                "#!/bin/sh\nsetsid sleep 1000 &\necho started > " + started + "\nexec sleep 1000\n");
        try {
            Waiting.until(Duration.ofSeconds(60), () -> Files.exists(started));
            CloudProcesses processes = new CloudProcesses(folders().get(0), mark());
            Waiting.until(Duration.ofSeconds(20), () -> processes.running().size() == 2);
            assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(demo.pid())).start().waitFor()).isZero();
            assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(demo.exitValue()).isGreaterThan(128);
            // After SIGKILL the janitor is on its own; after the others the demo has waited for it.
            if (signal.equals("KILL")) {
                Waiting.until(Duration.ofSeconds(30), () -> folders().isEmpty());
            }
            assertThat(processes.running()).isEmpty();
            assertThat(folders()).isEmpty();
        } finally {
            demo.destroyForcibly();
        }
    }

    @Test
    void programThatFailsIsToldWithItsLog() throws Exception {
        Process demo = startDemo("#!/bin/sh\necho the port is taken\nexit 3\n");
        assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).isEqualTo(1);
        String output = Files.readString(home.resolve("output"));
        assertThat(output).contains("--- the end of logs/controller.log\nthe port is taken",
                "failed: the controller ended with exit code 3 instead of serving");
        assertThat(output.lines().reduce((first, last) -> last)).get().asString().startsWith("demo failed after ");
        // Only the logs are kept, and the reader is told where.
        assertThat(folders()).singleElement().satisfies(logs -> {
            assertThat(output).contains("logs: " + logs);
            assertThat(logs.resolve("logs_controller.log")).exists();
        });
    }

    private Process startDemo(String launcher) throws IOException {
        Path program = Files.createDirectories(home.resolve("bin")).resolve("drover");
        Files.writeString(program, launcher);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        List<String> command = CommandProcess.heedingSignals(List.of(System.getProperty("java.home") + "/bin/java",
                "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + temporary, "-Ddrover.home=" + home, "-cp",
                System.getProperty("java.class.path"), "io.drover.demo.Main"));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(home.resolve("output").toFile())
                .start();
    }

    private String mark() throws IOException {
        return Files.readString(folders().get(0).resolve("mark"));
    }

    private List<Path> folders() {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(path -> path.getFileName().toString().startsWith("drover-demo-")).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
