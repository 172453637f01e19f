package io.drover.lab.tests;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** A web server in an emulated host, with one page of random bytes. */
final class HostServer {
    /** Of the host in the network of emulated hosts: its other address is also that of guests on user networks. */
    private static final String ADDRESS = "10.1.0.1";
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final LabHost host;
    private final int port;
    private final String pid;
    private final String sum;

    private HostServer(LabHost host, int port, String pid, String sum) {
        this.host = host;
        this.port = port;
        this.pid = pid;
        this.sum = sum;
    }

    /** @param folder of the host, which is there */
    static HostServer start(LabHost host, Path folder, int port, int mebibytes) throws Exception {
        String file = folder + "/page-" + port;
        String[] said = run(host, "head -c " + mebibytes + "M /dev/urandom > " + file + " && sha256sum < " + file
                + " && cat > " + folder + "/serve << 'END'\n" + program() + "END\nsetsid perl " + folder + "/serve "
                + port
                + " " + file + " > " + file + ".log 2>&1 < /dev/null & echo $!;"
                + " until grep -q ':" + String.format("%04X", port) + " .* 0A ' /proc/net/tcp; do sleep 0.1; done")
                .split("\n", -1);
        return new HostServer(host, port, said[1].strip(), said[0].strip());
    }

    /** The server for one file, in Perl: {@code serve PORT FILE}. Debian has what it needs everywhere, in guests too. */
    static String program() throws IOException {
        try (InputStream in = HostServer.class.getResourceAsStream("serve")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String run(LabHost host, String script) throws Exception {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(script + " : " + result);
        }
        return result.output();
    }

    static String address() {
        return ADDRESS;
    }

    String url() {
        return "http://" + ADDRESS + ":" + port + "/page";
    }

    /** Of the page, as sha256sum(1) prints it of its standard input. */
    String sum() {
        return sum;
    }

    void stop() throws Exception {
        run(host, "kill " + pid);
    }
}
