package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.proto.v1.Task;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What needs a process and a real terminal: script(1) makes one. */
@Timeout(120)
class TerminalTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.vms.put("vms/web-1", OutputTest.running());
        controller.console().print("guest login: ");
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void consoleIsRawAndCtrlRightBracketLeavesItAsItWas(@TempDir Path folder) throws Exception {
        assumeTrue(CommandProcess.isInstalled("script") && CommandProcess.isInstalled("stty"),
                "skipped: script (Debian package bsdutils) or stty is not installed");
        Path before = folder.resolve("before");
        Path during = folder.resolve("during");
        Path after = folder.resolve("after");
        Path leave = folder.resolve("leave");
        // Beside the console, a second process on the same terminal looks at its settings.
        String line = "tty=$(tty); stty -a > " + before + "; (until [ -e " + leave
                + " ]; do sleep 0.1; done; stty -a < $tty > "
                + during
                + ".part; mv " + during + ".part " + during + ") & "
                + CommandProcess.shellCommand("012", "vm", "console", "web-1")
                + "; echo code=$?; wait; stty -a > " + after;
        ProcessBuilder builder = new ProcessBuilder("script", "-qec", line, "/dev/null").redirectErrorStream(true);
        builder.environment().put("DROVER_CONTROLLER", controller.address());
        builder.environment().put("SHELL", "/bin/bash");
        Process process = builder.start();
        try (OutputStream keys = process.getOutputStream()) {
            Transcript transcript = new Transcript(process.getInputStream());
            Waiting.until(Duration.ofSeconds(40), () -> transcript.text().contains("guest login: "));
            // Ctrl-C is the guest's: it must not end the command.
            keys.write(new byte[] {3});
            keys.flush();
            Waiting.until(Duration.ofSeconds(20), () -> controller.console().typed().equals("\u0003"));
            Files.createFile(leave);
            Waiting.until(Duration.ofSeconds(20), () -> Files.exists(during));
            keys.write("x\r\u001d".getBytes(StandardCharsets.US_ASCII));
            keys.flush();
            assertThat(process.waitFor(40, TimeUnit.SECONDS)).as(transcript.text()).isTrue();
            assertThat(transcript.text()).contains("Ctrl-] leaves", "left the console of web-1", "code=0");
        } finally {
            process.destroyForcibly();
        }
        // A carriage return stays one, and Ctrl-] is not typed.
        assertThat(controller.console().typed()).isEqualTo("\u0003x\r");
        assertThat(Files.readString(during)).contains("-icanon", "-isig", "-echo ", "-opost");
        assertThat(Files.readString(after)).isEqualTo(Files.readString(before)).contains(" icanon");
    }

    @Test
    void ctrlCWhileWaitingLeavesTheTaskAndSaysHowToFollowIt(@TempDir Path folder) throws Exception {
        controller.nextTask = Optional
                .of(Task.newBuilder().setName("tasks/t-7").setMethod("StartVm").setTarget("vms/web-1")
                        .setState(Task.State.RUNNING).build());
        Path err = folder.resolve("err");
        Process process = CommandProcess.builder(controller, "vm", "start", "web-1").redirectError(err.toFile())
                .start();
        try {
            Waiting.until(Duration.ofSeconds(40), () -> controller.requests.stream()
                    .anyMatch(io.drover.proto.v1.WaitTaskRequest.class::isInstance));
            // What Ctrl-C sends.
            assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor()).isZero();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(err)).contains("the task goes on: follow it with `drover task wait t-7`, "
                + "end it with `drover task cancel t-7`").doesNotContain("\tat ");
    }

    /** What a process has written so far, read by a thread of its own. */
    private static final class Transcript {
        private final StringBuilder text = new StringBuilder();

        Transcript(InputStream in) {
            Thread.ofPlatform().daemon(true).name("transcript").start(() -> {
                byte[] buffer = new byte[4_096];
                try (in) {
                    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                        append(new String(buffer, 0, read, StandardCharsets.UTF_8));
                    }
                } catch (IOException ignored) {
                    // The process has ended.
                }
            });
        }

        private synchronized void append(String more) {
            text.append(more);
        }

        synchronized String text() {
            return text.toString();
        }
    }
}
