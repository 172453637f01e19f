package io.drover.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.cli.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class JanitorTest {
    private final String mark = UUID.randomUUID().toString();
    private Path folder;

    @BeforeEach
    void makeFolder(@TempDir Path parent) throws IOException {
        folder = Files.createDirectories(parent.resolve("cloud"));
        Files.writeString(folder.resolve("file"), "x");
    }

    @AfterEach
    void killWhatIsLeft() {
        new CloudProcesses(folder, mark).running().forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void endsMarkedProcessesAndRemovesTheFolder() throws Exception {
        Process stubborn = marked("trap '' TERM; while :; do sleep 1; done");
        // As an agent starts a VM: its session and its environment are its own, and its parent goes before it.
        marked("setsid env -i flock --no-fork " + folder + "/run.lock sleep 1000 & exit").waitFor(20, TimeUnit.SECONDS);
        Process other = new ProcessBuilder("sleep", "1000").start();
        try {
            Waiting.until(Duration.ofSeconds(20), () -> new CloudProcesses(folder, mark).running().size() >= 2);
            Janitor.start(folder, mark).cleanUp();
            assertThat(new CloudProcesses(folder, mark).running()).isEmpty();
            assertThat(stubborn.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(other.isAlive()).isTrue();
            assertThat(folder).doesNotExist();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void dismissedItTouchesNothing() throws Exception {
        Process kept = marked("sleep 1000");
        Janitor janitor = Janitor.start(folder, mark);
        janitor.dismiss();
        janitor.cleanUp();
        assertThat(kept.isAlive()).isTrue();
        assertThat(folder).exists();
    }

    private Process marked(String script) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of("sh", "-c", script));
        builder.environment().put(Cloud.MARK_VARIABLE, mark);
        return builder.start();
    }
}
