package io.drover.demo;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** One program of a cloud, running: a controller or an agent, in a process of its own, its output in a log. */
public final class Component {
    private static final Duration POLL = Duration.ofMillis(50);

    private final String name;
    private final Process process;
    private final Path log;
    private final Path readyFile;

    private Component(String name, Process process, Path log, Path readyFile) {
        this.name = name;
        this.process = process;
        this.log = log;
        this.readyFile = readyFile;
    }

    /**
     * Starts a program; its ready file must be {@code readyFile}.
     *
     * @param log what it writes is appended here
     */
    static Component start(String name, ProcessBuilder command, Map<String, String> environment, Path log,
            Path readyFile)
            throws IOException {
        Files.deleteIfExists(readyFile);
        command.environment().putAll(environment);
        command.redirectInput(new File("/dev/null")).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return new Component(name, command.start(), log, readyFile);
    }

    public String name() {
        return name;
    }

    public Path log() {
        return log;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Waits until it serves, and returns what its ready file says. */
    public Map<String, String> awaitReady(Duration timeout) throws DemoFailure, IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!Files.exists(readyFile)) {
            if (!process.isAlive()) {
                throw new DemoFailure(
                        "the " + name + " ended with exit code " + process.exitValue() + " instead of serving");
            }
            if (System.nanoTime() > deadline) {
                throw new DemoFailure("the " + name + " does not serve after " + timeout.toSeconds() + " s");
            }
            Thread.sleep(POLL);
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(readyFile)) {
            properties.load(reader);
        }
        Map<String, String> ready = new java.util.TreeMap<>();
        properties.stringPropertyNames().forEach(key -> ready.put(key, properties.getProperty(key)));
        return ready;
    }

    /** Tells it to end. */
    public void terminate() {
        process.destroy();
    }

    /** As `kill -9`: it has no chance to say goodbye. Returns when it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The exit code, or nothing when it has not ended in time. */
    public Optional<Integer> awaitEnd(Duration timeout) throws InterruptedException {
        return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS) ? Optional.of(process.exitValue())
                : Optional.empty();
    }
}
