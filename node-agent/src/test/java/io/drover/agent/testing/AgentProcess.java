package io.drover.agent.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** An agent in a process of its own, to be killed. */
public final class AgentProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Process process;
    private final Path ready;
    private final Path log;

    private AgentProcess(Process process, Path ready, Path log) {
        this.process = process;
        this.ready = ready;
        this.log = log;
    }

    /**
     * Starts one.
     *
     * @param folder of its log and its ready file
     * @param environment to add
     */
    public static AgentProcess start(String mainClass, Path folder, Map<String, String> environment,
            List<String> options)
            throws IOException {
        Path ready = folder.resolve("ready-" + System.nanoTime());
        Path log = ready.resolveSibling(ready.getFileName() + ".log");
        List<String> line = new ArrayList<>(AgentPrograms.get().java());
        line.addAll(List.of(mainClass, "--ready-file", ready.toString()));
        line.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return new AgentProcess(builder.start(), ready, log);
    }

    /** Waits until it serves, and returns its address. */
    public String address() throws Exception {
        Cluster.await("the agent serves", () -> Files.exists(ready) || !process.isAlive());
        if (!Files.exists(ready)) {
            throw new AssertionError("the agent ended: " + Files.readString(log));
        }
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(ready)) {
            properties.load(reader);
        }
        return properties.getProperty("address");
    }

    public long pid() {
        return process.pid();
    }

    public String log() throws IOException {
        return Files.readString(log);
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for its end and returns its exit status. */
    public int awaitEnd() throws Exception {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the agent does not end: " + log());
        }
        return process.exitValue();
    }

    /** SIGKILL. */
    public void kill() throws Exception {
        process.destroyForcibly();
        awaitEnd();
    }

    /** STOP, or CONT. */
    public void signal(String name) throws Exception {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
        if (status != 0) {
            throw new AssertionError("kill -" + name + " " + pid() + " : " + status);
        }
    }

    /** SIGTERM. */
    public int terminate() throws Exception {
        process.destroy();
        return awaitEnd();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
