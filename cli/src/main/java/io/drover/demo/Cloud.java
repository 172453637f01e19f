package io.drover.demo;

import io.drover.cli.api.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole cloud in one folder: a controller with ZooKeeper in it, and agents, each a process of its own. Any of them may be
 * killed and started again, where it was and with what it had.
 *
 * <p>Owned by one thread.
 */
public final class Cloud {
    /** In the environment of every program of the cloud. */
    static final String MARK_VARIABLE = "DROVER_DEMO";

    private static final String ANY_PORT = "127.0.0.1:0";
    /** JVMs on two shared cores. */
    private static final Duration READY = Duration.ofSeconds(90);

    private final Programs programs;
    private final Path folder;
    private final String mark;
    private final Map<String, Component> agents = new LinkedHashMap<>();
    private Optional<Component> controller = Optional.empty();
    private String api = ANY_PORT;
    private String zookeeper = ANY_PORT;

    /**
     * Nothing is started yet.
     *
     * @param folder exists; not too long, as Unix sockets will be in it
     * @param mark   tells the processes of this cloud from all others
     */
    public Cloud(Programs programs, Path folder, String mark) {
        this.programs = programs;
        this.folder = folder;
        this.mark = mark;
    }

    public Path folder() {
        return folder;
    }

    /** Starts the controller, or starts it again on the same ports and the same data. */
    public Component startController() throws DemoFailure, IOException, InterruptedException {
        Path readyFile = folder.resolve("controller.ready");
        List<String> arguments = List.of("--listen", api, "--zookeeper-listen", zookeeper, "--data",
                folder.resolve("controller").toString(), "--ready-file", readyFile.toString());
        Component started = start("controller", "controller", arguments, readyFile);
        controller = Optional.of(started);
        Map<String, String> ready = started.awaitReady(READY);
        api = ready.getOrDefault("api", api);
        zookeeper = ready.getOrDefault("zookeeper", zookeeper);
        return started;
    }

    /**
     * Starts agents, or starts them again on the same data; returns when all of them serve.
     *
     * @param options of each, besides those that it needs
     */
    public void startAgents(List<String> hosts, List<String> options)
            throws DemoFailure, IOException, InterruptedException {
        for (String host : hosts) {
            Path readyFile = folder.resolve(host + ".ready");
            List<String> arguments = new ArrayList<>(List.of("--host", host, "--zookeeper", zookeeper, "--data",
                    folder.resolve(host).toString(), "--ready-file", readyFile.toString()));
            arguments.addAll(options);
            agents.put(host, start("agent of " + host, "agent", arguments, readyFile));
        }
        for (String host : hosts) {
            agent(host).awaitReady(READY);
        }
    }

    private Component start(String name, String program, List<String> arguments, Path readyFile) throws IOException {
        Path logs = Files.createDirectories(folder.resolve("logs"));
        return Component.start(name, new ProcessBuilder(programs.command(program, arguments)),
                Map.of(MARK_VARIABLE, mark),
                logs.resolve(name.replace(' ', '-') + ".log"), readyFile);
    }

    public Component controller() {
        return controller.orElseThrow(() -> new IllegalStateException("the controller was never started"));
    }

    public Component agent(String host) {
        return Optional.ofNullable(agents.get(host)).orElseThrow(() -> new IllegalArgumentException("host : " + host
                + " (expected: one of " + agents.keySet() + ")"));
    }

    public Collection<Component> agents() {
        return List.copyOf(agents.values());
    }

    /** Where the controller serves. */
    public Endpoint api() {
        return Endpoint.parse(api);
    }

    public String zookeeper() {
        return zookeeper;
    }

    /** Tells all to end and waits for it: agents first, so that they can say goodbye. */
    public void stop(Duration timeout) throws DemoFailure, InterruptedException {
        agents.values().forEach(Component::terminate);
        for (Component agent : agents.values()) {
            ended(agent, timeout);
        }
        if (controller.isPresent()) {
            controller.get().terminate();
            ended(controller.get(), timeout);
        }
    }

    private static void ended(Component component, Duration timeout) throws DemoFailure, InterruptedException {
        if (component.awaitEnd(timeout).isEmpty()) {
            throw new DemoFailure(
                    "the " + component.name() + " did not end within " + timeout.toSeconds() + " s of SIGTERM");
        }
    }
}
