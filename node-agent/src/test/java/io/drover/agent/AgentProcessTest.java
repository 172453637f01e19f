package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.AgentProcess;
import io.drover.agent.testing.Cluster;
import io.drover.agent.vm.StartStep;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Agents in processes of their own, killed at all times, with guests under the qemu driver. */
@Timeout(180)
final class AgentProcessTest {
    private static final String BANNER = "tiny guest that outlives its agents";
    private static final StartVmRequest VM = StartVmRequest.newBuilder().setVm("web-1").setUid("uid-1").setEpoch(1)
            .setDriver("qemu").setVcpus(1).setMemoryBytes(16L << 20).setCommandLine("console=ttyS0").build();

    @TempDir
    Path temp;

    private final List<AgentProcess> agents = new ArrayList<>();
    private final List<AgentClient> clients = new ArrayList<>();
    private Cluster cluster;

    @BeforeEach
    void startCluster() throws Exception {
        cluster = new Cluster();
    }

    @AfterEach
    void endAll() throws Exception {
        clients.forEach(AgentClient::close);
        agents.forEach(AgentProcess::close);
        cluster.close();
        for (ProcessIdentity process : processes()) {
            process.kill();
            assertThat(process.awaitEnd(Duration.ofSeconds(20))).isTrue();
        }
        Cluster.await("the end of passt", () -> ProcessTable.withArgument(UserNetworks.mark("uid-1")).isEmpty());
    }

    private AgentProcess agent(Class<?> main, Map<String, String> environment) throws Exception {
        AgentProcess agent = AgentProcess.start(main.getName(), temp, environment,
                List.of("--host", "h1", "--zookeeper", cluster.connectString(), "--zookeeper-session", "3", "--data",
                        temp.resolve("data").toString(), "--driver", "qemu", "--reserve-memory", "0"));
        agents.add(agent);
        return agent;
    }

    private AgentProcess agent() throws Exception {
        return agent(Main.class, Map.of());
    }

    /** Waits until the agent serves, and talks to it. */
    private AgentClient client(AgentProcess agent) throws Exception {
        AgentClient client = new AgentClient(agent.address());
        clients.add(client);
        HostRecord.Driver qemu = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(qemu.getUsable(), qemu.getMessage());
        return client;
    }

    private Path folder() throws Exception {
        return temp.toRealPath().resolve("data/vms/uid-1");
    }

    private List<ProcessIdentity> processes() throws Exception {
        return ProcessTable.withArgument(folder().resolve("run/qemu.pid").toString());
    }

    /** With a nic where this machine has what it needs. */
    private StartVmRequest request(AgentClient client) throws Exception {
        StartVmRequest.Nic nic = StartVmRequest.Nic.newBuilder().setName("out").setMac("52:54:00:00:00:01")
                .setQueuePairs(1).setUser(StartVmRequest.UserNetwork.getDefaultInstance()).build();
        boolean networks = cluster.host("h1").orElseThrow().getNetworksList().contains("user");
        return VM.toBuilder().addAllNics(networks ? List.of(nic) : List.of())
                .setKernelSha256(client.put(TinyGuest.withBanner(BANNER).elf()))
                .addDisks(StartVmRequest.Disk.newBuilder().setName("root").setSizeBytes(1 << 20).setSerial("root"))
                .build();
    }

    /** A guest that starts clears what was typed before. */
    private static void awaitBanner(AgentClient client) throws Exception {
        try (AgentClient.RemoteConsole console = client.console("uid-1")) {
            console.await(BANNER + "\r\n");
        }
    }

    @Test
    void guestRunsOnWhenItsAgentIsKilledAndTheNextAgentAdoptsItWithItsScrollback() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        StartVmRequest vm = request(before);
        VmObservation running = before.start(vm);
        try (AgentClient.RemoteConsole console = before.console("uid-1")) {
            console.await(BANNER + "\r\n");
            console.type("typed before");
            console.await("typed before");
        }
        first.kill();
        assertThat(processes()).hasSize(1);

        AgentClient after = client(agent());
        assertThat(after.everything().getVmsList()).containsExactly(running);
        try (AgentClient.RemoteConsole console = after.console("uid-1")) {
            assertThat(console.await("typed before")).containsOnlyOnce(BANNER);
            console.type(" and after");
            console.await("typed before and after");
        }
        after.stop(vm, Duration.ofSeconds(30));
        assertThat(after.awaitEnd("uid-1").getExit().getCause()).isEqualTo(Exit.Cause.STOPPED);
    }

    @Test
    void guestThatPoweredOffWhileNoAgentWasThereIsTold() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        awaitBanner(before);
        first.kill();
        // No agent: the guest hears it from the FIFO that is its keyboard.
        Files.writeString(folder().resolve("run/console.in"), TinyGuest.POWER_OFF);
        Cluster.await("the guest is off", () -> processes().isEmpty());

        AgentClient after = client(agent());
        assertThat(after.awaitEnd("uid-1").getExit().getCause()).isEqualTo(Exit.Cause.GUEST_POWERED_OFF);
    }

    @Test
    void guestThatRebootedWhileNoAgentWasThereIsStartedAgain() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        awaitBanner(before);
        first.kill();
        Files.writeString(folder().resolve("run/console.in"), TinyGuest.REBOOT);
        Cluster.await("the guest is off", () -> processes().isEmpty());

        AgentClient after = client(agent());
        VmObservation again = after.awaitVm("uid-1", vm -> vm.getState() == VmObservation.State.RUNNING);
        assertThat(again.getReboots()).isEqualTo(1);
    }

    @Test
    void guestThatWasKilledWhileNoAgentWasThereFailed() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        first.kill();
        processes().getFirst().kill();
        Cluster.await("it is gone", () -> processes().isEmpty());

        AgentClient after = client(agent());
        assertThat(after.awaitEnd("uid-1").getExit().getCause()).isEqualTo(Exit.Cause.VMM_FAILED);
    }

    @Test
    void vmThatMovedWhileNoAgentWasThereIsDestroyedAndItsLogsAreKept() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        try (AgentClient.RemoteConsole console = before.console("uid-1")) {
            console.await(BANNER + "\r\n");
        }
        first.kill();
        cluster.own("web-1", "uid-1", "h2", 2);

        AgentClient after = client(agent());
        assertThat(processes()).isEmpty();
        assertThat(after.everything().getVmsList()).isEmpty();
        assertThat(folder()).doesNotExist();
        assertThat(ProcessTable.withArgument(UserNetworks.mark("uid-1"))).isEmpty();
        try (Stream<Path> graves = Files.list(temp.resolve("data/graveyard"))) {
            assertThat(graves.findFirst().orElseThrow().resolve("console.log")).content().contains(BANNER);
        }
    }

    /** Its machine was said to be off for good, and was not. */
    @Test
    void hostThatIsBeingDeletedOwnsNothingAndJoinsAnewAfterwards() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        awaitBanner(before);
        cluster.cordon("h1");
        first.kill();
        Cluster.await("the session is over", () -> cluster.session("h1").isEmpty());
        cluster.fence("h1");

        AgentProcess second = agent();
        Cluster.await("the guest is destroyed, although the record still names the host", () -> processes().isEmpty());
        Cluster.await("it waits", () -> second.log().contains("joins anew"));
        assertThat(cluster.session("h1")).isEmpty();
        assertThat(cluster.host("h1").orElseThrow().getFenced()).isTrue();

        cluster.deleteHost("h1");
        client(second);
        HostRecord anew = cluster.host("h1").orElseThrow();
        assertThat(anew.getFenced()).isFalse();
        assertThat(anew.getCordoned()).isFalse();
        assertThat(cluster.session("h1")).isPresent();
    }

    @Test
    void nothingIsDecidedWhileZooKeeperIsAwayAndTheGuestRunsOn() throws Exception {
        AgentProcess first = agent();
        AgentClient before = client(first);
        cluster.own("web-1", "uid-1", "h1", 1);
        before.start(request(before));
        first.kill();
        List<ProcessIdentity> running = processes();
        cluster.stop();
        AgentProcess second = agent();
        Cluster.await("it waits", () -> second.log().contains("left as it is until its record can be read"));
        assertThat(processes()).isEqualTo(running).isNotEmpty();
        cluster.restart();

        AgentClient after = client(second);
        assertThat(after.everything().getVms(0).getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(processes()).isEqualTo(running);
    }

    @Test
    void agentRidesOutAZooKeeperThatIsAwayForLongerThanItsSessionAndJoinsAgain() throws Exception {
        AgentProcess agent = agent();
        AgentClient client = client(agent);
        cluster.own("web-1", "uid-1", "h1", 1);
        StartVmRequest vm = request(client);
        VmObservation running = client.start(vm);
        cluster.stop();
        Cluster.await("the session is lost", () -> agent.log().contains("session in ZooKeeper is lost"));
        try (AgentClient.RemoteConsole console = client.console("uid-1")) {
            console.await(BANNER + "\r\n");
            console.type("still here");
            console.await("still here");
        }
        assertThatThrownBy(() -> client.start(vm.toBuilder().setVm("web-2").setUid("uid-2").build()))
                .isInstanceOfSatisfying(StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getDescription()).contains("ZooKeeper"));
        cluster.restart();

        Cluster.await("it is joined again", () -> cluster.session("h1").isPresent());
        assertThat(cluster.session("h1").orElseThrow().getAddress()).isEqualTo(agent.address());
        assertThat(client.start(vm)).isEqualTo(running);
    }

    @ParameterizedTest
    @EnumSource(StartStep.class)
    void startIsCarriedThroughWhereverTheAgentDiedInIt(StartStep step) throws Exception {
        AgentClient crashing = client(agent(CrashingAgent.class, Map.of(CrashingAgent.STEP, step.name())));
        cluster.own("web-1", "uid-1", "h1", 1);
        StartVmRequest vm = request(crashing);
        assertThatThrownBy(() -> crashing.start(vm)).isInstanceOf(StatusRuntimeException.class);
        assertThat(agents.getLast().awaitEnd()).isEqualTo(137);
        List<ProcessIdentity> left = processes();

        AgentClient after = client(agent());
        VmObservation running = after.start(vm);

        assertThat(running.getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(processes()).hasSize(1).containsAll(left);
        assertThat(folder().resolve("disks")).isDirectoryContaining("glob:**/root.qcow2");
        try (AgentClient.RemoteConsole console = after.console("uid-1")) {
            assertThat(console.await(BANNER)).containsOnlyOnce(BANNER);
        }
    }

    @ParameterizedTest
    @EnumSource(StartStep.class)
    void startOfAVmThatWentElsewhereLeavesNothingWhereverTheAgentDiedInIt(StartStep step) throws Exception {
        AgentClient crashing = client(agent(CrashingAgent.class, Map.of(CrashingAgent.STEP, step.name())));
        cluster.own("web-1", "uid-1", "h1", 1);
        StartVmRequest vm = request(crashing);
        assertThatThrownBy(() -> crashing.start(vm)).isInstanceOf(StatusRuntimeException.class);
        assertThat(agents.getLast().awaitEnd()).isEqualTo(137);
        cluster.own("web-1", "uid-1", "h2", 2);

        AgentClient after = client(agent());
        assertThat(processes()).isEmpty();
        assertThat(after.everything().getVmsList()).isEmpty();
        assertThat(folder()).doesNotExist();
        assertThat(ProcessTable.withArgument(UserNetworks.mark("uid-1"))).isEmpty();
    }

    @Test
    void terminatedAgentLeavesTheClusterAtOnceAndItsGuestsRunOn() throws Exception {
        AgentProcess agent = agent();
        AgentClient client = client(agent);
        cluster.own("web-1", "uid-1", "h1", 1);
        client.start(request(client));

        assertThat(agent.terminate()).isEqualTo(143);
        assertThat(cluster.session("h1")).isEmpty();
        assertThat(processes()).hasSize(1);
    }
}
