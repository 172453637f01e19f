package io.drover.lab.tests;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A bridge of one name in each of some emulated hosts, joined by the hosts' network: guests keep theirs on any of them. */
final class HostBridge implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final List<LabHost> hosts;
    private final String name;

    private HostBridge(List<LabHost> hosts, String name) {
        this.hosts = List.copyOf(hosts);
        this.name = name;
    }

    /** Makes it. The hosts keep their addresses, which are the bridge's now. */
    static HostBridge over(List<LabHost> hosts, String name) throws IOException, InterruptedException {
        HostBridge bridge = new HostBridge(hosts, name);
        for (LabHost host : hosts) {
            run(host, "ip link add " + name + " type bridge && ip address flush dev eth1 && ip link set eth1 master "
                    + name
                    + " && ip address add " + host.address() + "/24 dev " + name + " && ip link set " + name + " up");
        }
        return bridge;
    }

    private static void run(LabHost host, String script) throws IOException, InterruptedException {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(host.name() + ": " + script + " : " + result);
        }
    }

    /** The hosts' network is as it was. */
    @Override
    public void close() throws IOException {
        try {
            for (LabHost host : hosts) {
                run(host, "ip link delete " + name + " && ip address add " + host.address() + "/24 dev eth1");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
