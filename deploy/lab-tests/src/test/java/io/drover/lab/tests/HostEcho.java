package io.drover.lab.tests;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** An echo server in an emulated host, which remembers its connections. */
final class HostEcho implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    /** In the host. */
    private static final String FOLDER = "/run/echo";

    private final LabHost host;
    private final int port;
    private final String pid;

    private HostEcho(LabHost host, int port, String pid) {
        this.host = host;
        this.port = port;
        this.pid = pid;
    }

    static HostEcho start(LabHost host, int port) throws IOException, InterruptedException {
        String program;
        try (InputStream in = HostEcho.class.getResourceAsStream("echo")) {
            program = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        String pid = run(host, "mkdir -p " + FOLDER + " && cd " + FOLDER + " && cat > echo << 'END'\n" + program
                + "END\nsetsid perl echo " + port + " > log 2>&1 < /dev/null & echo $!; until grep -q ':"
                + String.format("%04X", port) + " .* 0A ' /proc/net/tcp; do sleep 0.1; done").strip();
        return new HostEcho(host, port, pid);
    }

    private static String run(LabHost host, String script) throws IOException, InterruptedException {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(script + " : " + result);
        }
        return result.output();
    }

    /** In the hosts' network. */
    String address() {
        return host.address();
    }

    int port() {
        return port;
    }

    /** A line for each beginning and each end of a connection. */
    String log() throws IOException, InterruptedException {
        return run(host, "cat " + FOLDER + "/log");
    }

    @Override
    public void close() throws IOException {
        try {
            run(host, "kill " + pid + "; rm -r " + FOLDER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
