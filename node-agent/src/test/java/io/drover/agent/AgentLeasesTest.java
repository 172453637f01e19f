package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.AgentProcess;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.NetworkCut;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.testing.TinyGuest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests under leases, with a real agent process, a real ZooKeeper and this machine's KVM. */
@Timeout(180)
final class AgentLeasesTest {
    private static final Duration LEASE = Duration.ofSeconds(2);

    @TempDir
    Path temp;

    private final List<AgentProcess> agents = new ArrayList<>();
    private final List<AgentClient> clients = new ArrayList<>();
    private final List<VmmClient> vmms = new ArrayList<>();
    private Cluster cluster;
    private NetworkCut network;

    @BeforeEach
    void startCluster() throws Exception {
        cluster = new Cluster();
        network = new NetworkCut(cluster.connectString());
    }

    @AfterEach
    void endAll() throws Exception {
        for (VmmClient vmm : vmms) {
            vmm.close();
        }
        clients.forEach(AgentClient::close);
        for (AgentProcess agent : agents) {
            signal("CONT", agent);
            agent.close();
        }
        network.close();
        cluster.close();
        for (String uid : List.of("uid-1", "uid-2")) {
            for (ProcessIdentity process : processes(uid)) {
                process.kill();
                assertThat(process.awaitEnd(Duration.ofSeconds(20))).isTrue();
            }
        }
    }

    private AgentProcess agent() throws Exception {
        AgentProcess agent = AgentProcess.start(Main.class.getName(), temp, Map.of(),
                List.of("--host", "h1", "--zookeeper", network.address(), "--zookeeper-session", "3", "--lease",
                        Long.toString(LEASE.toSeconds()), "--zookeeper-tick", "0.5", "--zookeeper-sync-limit", "2",
                        "--clock-drift", "0.1", "--data", temp.resolve("data").toString(), "--driver", "kvm",
                        "--slow-kvm",
                        "--vmm-confinement", "none", "--reserve-memory", "0"));
        agents.add(agent);
        return agent;
    }

    private AgentClient client(AgentProcess agent) throws Exception {
        AgentClient client = new AgentClient(agent.address());
        clients.add(client);
        HostRecord.Driver kvm = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(kvm.getUsable(), kvm.getMessage());
        return client;
    }

    private Path folder(String uid) throws Exception {
        return temp.toRealPath().resolve("data/vms/" + uid);
    }

    private List<ProcessIdentity> processes(String uid) throws Exception {
        return ProcessTable.withArgument(folder(uid).resolve("vmm.pb").toString());
    }

    /** Two guests: uid-1 under leases, uid-2 without. */
    private void startBoth(AgentClient client) throws Exception {
        String kernel = client.put(TinyGuest.withBanner("leased").elf());
        for (String uid : List.of("uid-1", "uid-2")) {
            cluster.own("vm-" + uid, uid, "h1", 1);
            client.start(StartVmRequest.newBuilder().setVm("vm-" + uid).setUid(uid).setEpoch(1).setDriver("kvm")
                    .setVcpus(1).setMemoryBytes(16L << 20).setCommandLine("console=ttyS0").setKernelSha256(kernel)
                    .setLeaseNeeded(uid.equals("uid-1")).build());
        }
    }

    private VmmClient vmm(String uid) throws Exception {
        VmmClient vmm = VmmClient.connect(folder(uid).resolve("run/vmm.sock"), Duration.ofSeconds(30));
        vmms.add(vmm);
        return vmm;
    }

    /** The tiny guest polls, so that exits are its heartbeat. */
    private static void awaitRunning(VmmClient vmm) throws Exception {
        long before = vmm.status().exits();
        Cluster.await("the guest runs", () -> vmm.status().exits() > before);
    }

    /** Waits until the guest is frozen by the end of its lease, and returns when that was. */
    private static long awaitFrozen(VmmClient vmm) throws Exception {
        Cluster.await("the guest is frozen", () -> vmm.status().state() == VmmStatus.State.PAUSED);
        long now = HostClock.bootNanos();
        VmmStatus frozen = vmm.status();
        assertThat(frozen.lease()).isInstanceOfSatisfying(VmmLease.Expired.class,
                lease -> assertThat(lease.untilBootNanos()).isLessThan(now));
        assertThat(frozen.pauseAsked()).isFalse();
        for (int look = 0; look < 20; look++) {
            assertThat(vmm.status().exits()).isEqualTo(frozen.exits());
        }
        return now;
    }

    private static void signal(String name, AgentProcess agent) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(agent.pid())).start().waitFor()).isBetween(0,
                1);
    }

    @Test
    void leasesAreRenewedWithoutAWriteToZooKeeper() throws Exception {
        startBoth(client(agent()));
        VmmClient leased = vmm("uid-1");
        awaitRunning(leased);
        long before = cluster.write();
        for (int renewal = 0; renewal < 3; renewal++) {
            VmmLease now = leased.status().lease();
            Cluster.await("a renewal", () -> !leased.status().lease().equals(now));
        }
        assertThat(cluster.write()).isEqualTo(before + 1);
    }

    @Test
    void guestOfAStoppedAgentFreezesWithinTheLeaseAndGoesOnWithIt() throws Exception {
        AgentProcess agent = agent();
        startBoth(client(agent));
        VmmClient leased = vmm("uid-1");
        VmmClient plain = vmm("uid-2");
        awaitRunning(leased);
        signal("STOP", agent);
        long stopped = HostClock.bootNanos();
        long frozen = awaitFrozen(leased);
        assertThat(((VmmLease.Expired) leased.status().lease()).untilBootNanos() - stopped)
                .isLessThanOrEqualTo(LEASE.toNanos());
        assertThat(frozen).isGreaterThan(stopped);
        assertThat(plain.status().lease()).isEqualTo(new VmmLease.NotNeeded());
        awaitRunning(plain);
        signal("CONT", agent);
        awaitRunning(leased);
    }

    @Test
    void guestOfAKilledAgentGoesOnWithTheNextWhenTheRecordStillNamesIt() throws Exception {
        AgentProcess first = agent();
        startBoth(client(first));
        VmmClient leased = vmm("uid-1");
        awaitRunning(leased);
        long pid = leased.status().pid();
        first.kill();
        awaitFrozen(leased);
        awaitRunning(vmm("uid-2"));

        client(agent());
        awaitRunning(leased);
        assertThat(leased.status().pid()).isEqualTo(pid);
    }

    @Test
    void guestFreezesWhileZooKeeperIsAwayAndGoesOnWhenItIsBack() throws Exception {
        startBoth(client(agent()));
        VmmClient leased = vmm("uid-1");
        awaitRunning(leased);
        cluster.stop();
        awaitFrozen(leased);
        awaitRunning(vmm("uid-2"));
        cluster.restart();
        awaitRunning(leased);
    }

    /** Cut off, it cannot know whether its VM was given away; it must not have to. */
    @Test
    void guestOfAHostThatIsCutOffIsFrozenBeforeAnotherMayHaveItAndGoesOnUnlessAnotherHas() throws Exception {
        startBoth(client(agent()));
        VmmClient leased = vmm("uid-1");
        VmmClient plain = vmm("uid-2");
        awaitRunning(leased);
        cutOff(leased);
        awaitRunning(plain);
        int version = cluster.hostVersion("h1");
        network.mend();
        awaitRunning(leased);
        assertThat(cluster.hostVersion("h1")).as("whoever counted its absence sees that it was back")
                .isGreaterThan(version);

        cutOff(leased);
        long frozenExits = leased.status().exits();
        cluster.own("vm-uid-1", "uid-1", "h2", 2);
        network.mend();
        Cluster.await("the VMM is destroyed", () -> {
            assertThat(exits(leased, frozenExits)).as("it ran nothing in between").isEqualTo(frozenExits);
            return processes("uid-1").isEmpty();
        });
        awaitRunning(plain);
    }

    /** Returns when the session has ended and the guest is frozen, which it is before the host's VMs may be taken. */
    private void cutOff(VmmClient leased) throws Exception {
        Duration wait = Duration.ofMillis(cluster.host("h1").orElseThrow().getLease().getTakeoverWaitMillis());
        assertThat(wait).isGreaterThan(LEASE);
        network.cut();
        Cluster.await("the session ends", () -> cluster.session("h1").isEmpty());
        long sessionEnded = HostClock.bootNanos();
        awaitFrozen(leased);
        assertThat(((VmmLease.Expired) leased.status().lease()).untilBootNanos())
                .isLessThan(sessionEnded + wait.toNanos());
    }

    private static long exits(VmmClient vmm, long otherwise) {
        try {
            return vmm.status().exits();
        } catch (Exception gone) {
            return otherwise;
        }
    }
}
