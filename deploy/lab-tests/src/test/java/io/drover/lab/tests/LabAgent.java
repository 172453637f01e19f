package io.drover.lab.tests;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The agent of the distribution in an emulated host, a member of a cloud, and what a test does in that host. */
final class LabAgent {
    private static final Duration LIMIT = Duration.ofMinutes(8);
    /** Without the vector instructions of real CPUs it takes an emulated one a third of the time that AES takes. */
    private static final String QUICK_CIPHER = "TLS_CHACHA20_POLY1305_SHA256";
    /** In the host. */
    private static final String FOLDER = "/run/drover";

    private final LabHost host;
    private final String command;

    /**
     * Of a host without an agent; it is not started yet.
     *
     * @param zookeeperPort on this machine's loopback
     * @param tls the agent's key and certificate; empty: in the clear
     */
    LabAgent(LabHost host, String zookeeperPort, Optional<Path> tls) {
        this.host = host;
        // The second compiler is worth its time only where much is to be encrypted.
        String options = tls.isEmpty() ? "-XX:TieredStopAtLevel=1"
                : "-Djdk.tls.client.cipherSuites=" + QUICK_CIPHER + " -Djdk.tls.server.cipherSuites=" + QUICK_CIPHER;
        List<String> words = new ArrayList<>(List.of("setsid", "env", "DROVER_JAVA_OPTS=" + options,
                Distribution.launcher().toString(), "agent", "--host", host.name(), "--zookeeper",
                "10.0.2.2:" + zookeeperPort, "--data", FOLDER + "/agent", "--listen",
                "0.0.0.0:" + EmulatedHost.AGENT_PORT, "--advertise",
                host.name() + ":" + host.localPort(EmulatedHost.AGENT_PORT).orElseThrow(), "--ready-file",
                FOLDER + "/agent.ready"));
        words.addAll(tls.map(folder -> List.of("--tls-dir", folder.toString())).orElse(List.of("--insecure")));
        this.command = ShellScript.of(words).text().replaceFirst("^exec ", "").strip();
    }

    LabHost host() {
        return host;
    }

    String name() {
        return host.name();
    }

    /** Starts it and waits until it serves. */
    void start() throws IOException, InterruptedException {
        run("mkdir -p " + FOLDER + " && cd " + FOLDER + " && rm -f agent.ready && { " + command
                + " >> agent.log 2>&1 < /dev/null & }; until [ -s agent.ready ]; do kill -0 $! && sleep 0.2; done");
    }

    /** Ends it, and nothing else, as SIGKILL does. */
    void kill() throws IOException, InterruptedException {
        run("kill -KILL $(sed -n 's/^pid=//p' " + FOLDER + "/agent.ready)");
    }

    /** What a script prints in the host. */
    String run(String script) throws IOException, InterruptedException {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(script + " ended with " + result + log());
        }
        return result.output();
    }

    /** What it said, for the message of a failed test. */
    String log() throws IOException, InterruptedException {
        return "\nThe log of " + name() + "'s agent:\n"
                + host.run(LIMIT, new ShellScript("cat " + FOLDER + "/agent.log")).output();
    }

    /** Ends it and the VMMs that it leaves, and all that they have kept. */
    void close() throws IOException, InterruptedException {
        run("for pid in $(pgrep -f io.drover.agent.Main); do kill $pid; while kill -0 $pid 2> /dev/null; do sleep 0.1;"
                + " done; done; pkill -KILL -f vmm.process.Main; rm -rf " + FOLDER);
    }
}
