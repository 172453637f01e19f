package io.drover.agent.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.vmm.testing.DirtyingGuest;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A host of a test in which guests move: its agent, a real process, and what runs there, looked at from outside. */
public final class MigratingHost {
    private final String name;
    private final String zookeeper;
    private final Path folder;
    private final List<String> options;
    private final ChannelCredentials credentials;
    private AgentProcess agent;
    private AgentClient client;

    /**
     * A host with an agent that has joined, and speaks in the clear.
     *
     * @param folder of its own
     */
    public MigratingHost(String name, String zookeeper, Path folder) throws Exception {
        this(name, zookeeper, folder, InsecureChannelCredentials.create(), List.of());
    }

    /** A host with an agent that has joined, and has certificates. */
    public static MigratingHost withTls(String name, String zookeeper, Path folder, Path tls,
            ChannelCredentials credentials) throws Exception {
        return new MigratingHost(name, zookeeper, folder, credentials, List.of("--tls-dir", tls.toString()));
    }

    private MigratingHost(String name, String zookeeper, Path folder, ChannelCredentials credentials,
            List<String> options) throws Exception {
        this.name = name;
        this.zookeeper = zookeeper;
        this.folder = Files.createDirectories(folder).toRealPath();
        this.credentials = credentials;
        this.options = options;
        start();
    }

    /** Starts its agent, again. */
    public void start() throws Exception {
        start("io.drover.agent.Main", Map.of());
        client = new AgentClient(agent.address(), credentials);
    }

    /** As {@link #start}, but with another main class, of tests, and with more in its environment. */
    public void start(String main, Map<String, String> environment) throws Exception {
        List<String> all = new ArrayList<>(List.of("--host", name, "--zookeeper", zookeeper, "--zookeeper-session",
                "3", "--lease", "2", "--zookeeper-tick", "0.5", "--zookeeper-sync-limit", "2", "--clock-drift", "0.1",
                "--data", folder.resolve("data").toString(), "--driver", "kvm", "--slow-kvm", "--vmm-confinement",
                "none", "--reserve-memory", "0"));
        all.addAll(options);
        agent = AgentProcess.start(main, folder, environment, all);
        client = new AgentClient(agent.address(), credentials);
    }

    public String name() {
        return name;
    }

    public AgentProcess agent() {
        return agent;
    }

    public AgentClient client() {
        return client;
    }

    /** SIGKILL to its agent. */
    public void killAgent() throws Exception {
        client.close();
        agent.kill();
    }

    /** Whatever a test has done to its agent: one is there and goes on. */
    public void comeBack() throws Exception {
        if (agent.isAlive()) {
            agent.signal("CONT");
        } else {
            start();
        }
    }

    public VmObservation receive(StartVmRequest vm, String migration) {
        return client.calls().receiveVm(ReceiveVmRequest.newBuilder().setStart(vm).setMigration(migration).build())
                .getObservation();
    }

    /** The folder of a VM. */
    public Path vm(String uid) {
        return folder.resolve("data/vms").resolve(uid);
    }

    /** The VMM of a VM. */
    public Optional<ProcessIdentity> vmm(String uid) {
        return ProcessTable.withArgument(vm(uid).resolve("vmm.pb").toString()).stream().findFirst();
    }

    /** Whether a run of it has not ended here, or its process is there. */
    public boolean hasRunning(String uid) {
        return vmm(uid).isPresent() || client.everything().getVmsList().stream()
                .anyMatch(seen -> seen.getUid().equals(uid) && seen.getState() != VmObservation.State.ENDED);
    }

    /** What a {@link DirtyingGuest} has counted to here; empty when no process has its memory. */
    public Optional<Integer> counted(String uid) throws IOException {
        return peek(uid, DirtyingGuest.COUNT);
    }

    /** A number in a guest's memory. */
    public Optional<Integer> peek(String uid, long address) throws IOException {
        Optional<ProcessIdentity> process = vmm(uid);
        if (process.isEmpty()) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/" + process.get().pid() + "/fd"))) {
            for (Path file : files) {
                if (Files.isSymbolicLink(file) && Files.readSymbolicLink(file).toString().contains("drover-guest")) {
                    try (FileChannel memory = FileChannel.open(file)) {
                        ByteBuffer number = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
                        memory.read(number, address);
                        return Optional.of(number.flip().getInt());
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** Waits until the guest does something here, and has lost nothing. */
    public void awaitRunning(String uid) throws Exception {
        Optional<Integer> before = counted(uid);
        Cluster.await("the guest runs on host " + name, () -> {
            Optional<Integer> now = counted(uid);
            return before.isPresent() && now.isPresent() && !now.equals(before);
        });
        assertThat(peek(uid, DirtyingGuest.LOST)).contains(0);
    }

    /** Ends its agent and what runs here. */
    public void close() throws Exception {
        client.close();
        agent.close();
        List<Path> vms = new ArrayList<>();
        if (Files.isDirectory(folder.resolve("data/vms"))) {
            try (DirectoryStream<Path> all = Files.newDirectoryStream(folder.resolve("data/vms"))) {
                all.forEach(vms::add);
            }
        }
        for (Path each : vms) {
            for (ProcessIdentity process : ProcessTable.withArgument(each.resolve("vmm.pb").toString())) {
                process.kill();
                assertThat(process.awaitEnd(Duration.ofSeconds(20))).isTrue();
            }
        }
    }
}
