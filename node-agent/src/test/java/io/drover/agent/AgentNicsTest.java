package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.process.ProcessTable;
import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.TestBridge;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a whole agent makes of the nics of a VM, with a real ZooKeeper and real guests under the qemu driver. */
@Timeout(120)
final class AgentNicsTest {
    private static final String UID = "uid-web-1";
    private static Cluster cluster;

    @TempDir
    Path temp;

    private Agent agent;
    private AgentClient client;
    private String host;
    private StartVmRequest vm;

    @BeforeAll
    static void startCluster() throws Exception {
        cluster = new Cluster();
    }

    @AfterAll
    static void stopCluster() throws Exception {
        cluster.close();
    }

    @BeforeEach
    void startAgent() throws Exception {
        host = "h" + System.nanoTime();
        join();
        HostRecord.Driver qemu = record().getDrivers(0);
        assumeTrue(qemu.getUsable(), qemu.getMessage());
        vm = StartVmRequest.newBuilder().setVm("web-1").setUid(UID).setEpoch(1).setDriver("qemu").setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(client.put(TinyGuest.withBanner("here").elf()))
                .setCommandLine("console=ttyS0").build();
    }

    private void join() throws Exception {
        AgentOptions options = new AgentOptions();
        options.host = Optional.of(host);
        options.zookeeper = Optional.of(cluster.connectString());
        options.zookeeperSession = "3";
        options.data = Optional.of(temp.resolve("data").toString());
        options.drivers = List.of("qemu");
        options.reserveMemory = "0";
        agent = new Agent(AgentConfig.of(options), step -> {});
        client = new AgentClient(agent.start().agent());
    }

    private HostRecord record() throws Exception {
        return cluster.host(host).orElseThrow();
    }

    @AfterEach
    void stopAgent() {
        for (VmObservation seen : client.everything().getVmsList()) {
            var _ = client.stop(vm.toBuilder().setUid(seen.getUid()).setEpoch(seen.getEpoch()).build(), Duration.ZERO);
            client.awaitEnd(seen.getUid());
        }
        client.close();
        agent.close();
    }

    private static StartVmRequest.Nic.Builder nic(String name) {
        return StartVmRequest.Nic.newBuilder().setName(name).setMac("52:54:00:00:00:01").setQueuePairs(1);
    }

    private static StartVmRequest.Nic.Builder user(int hostPort) {
        return nic("out").setUser(StartVmRequest.UserNetwork.newBuilder().addForwards(StartVmRequest.PortForward
                .newBuilder().setProtocol(StartVmRequest.PortForward.Protocol.TCP).setHostAddress("127.0.0.1")
                .setHostPort(hostPort).setGuestPort(80)));
    }

    private static StartVmRequest.Nic.Builder bridged(String bridge) {
        return nic("lan").setBridge(StartVmRequest.BridgeNetwork.newBuilder().setBridge(bridge));
    }

    private VmObservation start(StartVmRequest request) throws Exception {
        cluster.own(request.getVm(), request.getUid(), host, request.getEpoch());
        return client.start(request);
    }

    private StatusRuntimeException refused(StartVmRequest request) throws Exception {
        cluster.own(request.getVm(), request.getUid(), host, request.getEpoch());
        return catchThrowableOfType(StatusRuntimeException.class, () -> client.start(request));
    }

    private void end() {
        var _ = client.stop(vm, Duration.ZERO);
        client.awaitEnd(UID);
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void userNetworkForwardsItsPortWhileTheGuestRunsAndNobodyElseGetsIt() throws Exception {
        assumeTrue(record().getNetworksList().contains("user"), "passt does not work here: see the agent's log");
        int port = freePort();
        assertThat(start(vm.toBuilder().addNics(user(port)).build()).getState())
                .isEqualTo(VmObservation.State.RUNNING);
        try (Socket visitor = new Socket(InetAddress.getLoopbackAddress(), port)) {
            assertThat(visitor.isConnected()).isTrue();
        }
        StatusRuntimeException taken = refused(
                vm.toBuilder().setVm("web-2").setUid("uid-web-2").addNics(user(port)).build());
        assertThat(taken.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(AgentClient.info(taken).getReason()).isEqualTo("PORT_TAKEN");
        assertThat(taken.getMessage()).contains("TCP port " + port);

        end();
        assertThat(ProcessTable.withArgument(UserNetworks.mark(UID))).isEmpty();
        // A process that ends has no command line any more a moment before its sockets are closed.
        Cluster.await("a port that nobody listens at", () -> !listens(port));
    }

    private static boolean listens(int port) throws IOException {
        try (Socket visitor = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return visitor.isConnected();
        } catch (ConnectException expected) {
            return false;
        }
    }

    @Test
    void bridgeIsAdvertisedAndHasATapWhileTheGuestRuns() throws Exception {
        Optional<TestBridge> made = TestBridge.make();
        assumeTrue(made.isPresent(), "this process may not make bridges: run as root");
        try (TestBridge bridge = made.get()) {
            Cluster.await("the bridge in the host's record",
                    () -> record().getNetworksList().contains("bridge/" + bridge.name()));
            start(vm.toBuilder().addNics(bridged(bridge.name()).setQueuePairs(2)).build());
            String tap = assertThat(bridge.ports()).hasSize(1).actual().getFirst();
            assertThat(TestBridge.fact(tap, "ifalias")).isEqualTo("drover:vms/web-1:lan");
            assertThat(TestBridge.fact(tap, "mtu")).isEqualTo("1400");
            assertThat(TestBridge.fact(tap, "carrier")).as("QEMU has opened it").isEqualTo("1");
            end();
            assertThat(bridge.ports()).isEmpty();

            // What an agent that died would have left.
            TestBridge.ip("tuntap", "add", "dev", tap, "mode", "tap");
            client.close();
            agent.close();
            cluster.disown("web-1", UID);
            join();
            assertThat(Path.of("/sys/class/net", tap)).doesNotExist();
            StatusRuntimeException large = refused(
                    vm.toBuilder().setEpoch(2).addNics(bridged(bridge.name()).setMtuBytes(1401)).build());
            assertThat(large.getMessage()).contains("MTU of 1401", bridge.name() + " of 1400");
        }
        Cluster.await("the bridge out of the host's record",
                () -> record().getNetworksList().stream().noneMatch(name -> name.startsWith("bridge/dvt")));
    }

    @Test
    void bridgeThatIsNotThereIsNamedInTheRefusal() throws Exception {
        StatusRuntimeException refusal = refused(vm.toBuilder().addNics(bridged("dv-nowhere")).build());
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(AgentClient.info(refusal).getReason()).isEqualTo("NETWORK_MISSING");
        assertThat(AgentClient.info(refusal).getMetadataMap()).containsEntry("network", "bridge/dv-nowhere")
                .containsEntry("nic", "lan").containsKey("next_step");
        assertThat(client.everything().getVmsList()).isEmpty();
    }

    @Test
    void whatTheDriverHasNotIsNamedInTheRefusal() throws Exception {
        assumeTrue(record().getNetworksList().contains("user"), "passt does not work here: see the agent's log");
        StatusRuntimeException refusal = refused(vm.toBuilder().addNics(nic("out")
                .setUser(StartVmRequest.UserNetwork.getDefaultInstance())
                .setSendRate(StartVmRequest.FrameRate.newBuilder().setBytesPerSecond(1000))).build());
        assertThat(AgentClient.info(refusal).getReason()).isEqualTo("DRIVER_UNUSABLE");
        assertThat(refusal.getMessage()).contains("the driver qemu has no rate limits of nics");
    }

    @Test
    void twoNicsOfOneNameAreNoRequest() throws Exception {
        StatusRuntimeException refusal = refused(
                vm.toBuilder().addNics(user(1)).addNics(user(2)).build());
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.getMessage()).contains("nics : [out, out]");
    }
}
