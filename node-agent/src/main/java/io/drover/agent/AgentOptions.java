package io.drover.agent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What was typed, unchecked: {@link AgentConfig#of} checks all of it at once. */
final class AgentOptions {
    // @formatter:off: it would put each annotation on one line

    @Option(names = "--host", paramLabel = "NAME", description = "This host's name in the cluster.")
    Optional<String> host = Optional.empty();

    @Option(names = "--zookeeper", paramLabel = "CONNECT", description = "ZooKeeper, as host:port[,host:port...].")
    Optional<String> zookeeper = Optional.empty();

    @Option(names = "--zookeeper-session", paramLabel = "SECONDS", defaultValue = "15",
            description = "How long ZooKeeper waits for an agent that is silent (default: ${DEFAULT-VALUE}).")
    String zookeeperSession = "15";

    @Option(names = "--lease", paramLabel = "SECONDS", defaultValue = "10",
            description = {"How long guests of VMs with an HA policy run on after the last sign of ZooKeeper",
                    "(default: ${DEFAULT-VALUE})."})
    String lease = "10";

    @Option(names = "--takeover-wait", paramLabel = "SECONDS",
            description = {"How long after the end of this host's session such VMs are left alone before another host has",
                    "them; if not given, as short as is safe, and a second more."})
    Optional<String> takeoverWait = Optional.empty();

    @Option(names = "--zookeeper-tick", paramLabel = "SECONDS", defaultValue = "2",
            description = "The ensemble's tickTime (default: ${DEFAULT-VALUE}).")
    String zookeeperTick = "2";

    @Option(names = "--zookeeper-sync-limit", paramLabel = "TICKS", defaultValue = "5",
            description = "The ensemble's syncLimit (default: ${DEFAULT-VALUE}).")
    String zookeeperSyncLimit = "5";

    @Option(names = "--clock-drift", paramLabel = "SECONDS", defaultValue = "1",
            description = "How much the clocks of two machines may differ over all of this (default: ${DEFAULT-VALUE}).")
    String clockDrift = "1";

    @Option(names = "--data", paramLabel = "FOLDER", description = "Where this agent keeps VMs, logs and images.")
    Optional<String> data = Optional.empty();

    @Option(names = "--listen", paramLabel = "HOST:PORT", defaultValue = "127.0.0.1:0",
            description = "Where to serve controllers; port 0 takes a free one (default: ${DEFAULT-VALUE}).")
    String listen = "127.0.0.1:0";

    @Option(names = "--advertise", paramLabel = "HOST:PORT", description = "Where controllers reach it, if not at --listen.")
    Optional<String> advertise = Optional.empty();

    @Option(names = "--migration-ports", paramLabel = "FIRST-LAST", defaultValue = "7100-7163",
            description = {"TCP ports of --listen's address at which guests come from other hosts, one for each at a time; 0",
                    "for any that is free (default: ${DEFAULT-VALUE})."})
    String migrationPorts = "7100-7163";

    @Option(names = "--metrics-listen", paramLabel = "HOST:PORT",
            description = "Where to serve /metrics to Prometheus; not at all if not given. With --tls-dir by mutual TLS.")
    Optional<String> metricsListen = Optional.empty();

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "A label of this host; may be repeated.")
    Map<String, String> labels = new LinkedHashMap<>();

    @Option(names = "--vcpu-overcommit", paramLabel = "RATIO", defaultValue = "4.0",
            description = "vCPUs offered for each CPU (default: ${DEFAULT-VALUE}).")
    String vcpuOvercommit = "4.0";

    @Option(names = "--memory-overcommit", paramLabel = "RATIO", defaultValue = "1.0",
            description = "Memory offered for each byte that is not reserved (default: ${DEFAULT-VALUE}).")
    String memoryOvercommit = "1.0";

    @Option(names = "--reserve-memory", paramLabel = "SIZE", defaultValue = "512M",
            description = "Memory that the host keeps for itself (default: ${DEFAULT-VALUE}).")
    String reserveMemory = "512M";

    @Option(names = "--image-space", paramLabel = "SIZE", defaultValue = "20G",
            description = "Beyond this, images that no VM here uses are removed (default: ${DEFAULT-VALUE}).")
    String imageSpace = "20G";

    @Option(names = "--driver", paramLabel = "NAME",
            description = "Offer this driver, kvm or qemu, and no other; may be repeated.")
    List<String> drivers = new ArrayList<>();

    @Option(names = "--slow-kvm",
            description = {"Offer the driver kvm also where /dev/kvm only emulates CPUs, a hundred times slower than they are:",
                    "to try things out."})
    boolean slowKvm;

    @Option(names = "--qemu", paramLabel = "PROGRAM", defaultValue = "qemu-system-x86_64",
            description = "The QEMU to use (default: ${DEFAULT-VALUE}).")
    String qemu = "qemu-system-x86_64";

    @Option(names = "--vmm-confinement", paramLabel = "CONFINEMENT", defaultValue = "auto",
            description = {"How far the VMMs of driver kvm are kept from the rest of this host: auto (the strongest that",
                    "works here), own-users, namespaces, or none, to trace them (default: ${DEFAULT-VALUE})."})
    String vmmConfinement = "auto";

    @Option(names = "--bridge", paramLabel = "NAME",
            description = "Offer this bridge of the host to VMs, and no other; may be repeated. Without it, all that there are.")
    List<String> bridges = new ArrayList<>();

    @Option(names = "--dedicated-cpus", paramLabel = "CPUS", defaultValue = "",
            description = {"CPUs of this host, such as 2-7,12, that VMs with dedicated CPUs have to themselves; all else",
                    "keeps off them. Without it there are none."})
    String dedicatedCpus = "";

    @Option(names = "--cgroup", paramLabel = "FOLDER",
            description = {"The folder of cgroup v2 below which each VM has a cgroup of its own. Without it, beside the",
                    "agent's own, if that is named agent, as the systemd unit has it."})
    Optional<String> cgroup = Optional.empty();

    @Option(names = "--ready-file", paramLabel = "FILE",
            description = "Written when the agent serves: address=..., metrics=..., pid=...")
    Optional<String> readyFile = Optional.empty();

    @Option(names = "--tls-dir", paramLabel = "FOLDER",
            description = "Holds ca.pem, cert.pem, key.pem: only controllers are served.")
    Optional<String> tlsFolder = Optional.empty();

    @Option(names = "--insecure", description = "Allow --listen beyond loopback without TLS.")
    boolean insecure;
}
