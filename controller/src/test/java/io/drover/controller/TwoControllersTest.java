package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import io.drover.controller.fake.FakeAgent;
import io.drover.proto.state.v1.VmRecord;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two controllers on an ensemble of three. */
final class TwoControllersTest {
    private static final int STEPS = 60;
    private static final int VMS = 4;

    @TempDir
    private Path data;

    private Controller controller(String connect, String name) throws Exception {
        // The files of images are wherever they were uploaded: here in one folder, as several controllers want it.
        Path folder = data.resolve(name);
        Files.createDirectories(folder);
        Files.createDirectories(data.resolve("files"));
        if (!Files.exists(folder.resolve("files"))) {
            Files.createSymbolicLink(folder.resolve("files"), data.resolve("files"));
        }
        return Controller.start(Cloud.config(folder, Optional.of(connect), 0), () -> {});
    }

    @Test
    void secondTakesOverWhatTheFirstBegan() throws Exception {
        try (TestingCluster zookeeper = started()) {
            String connect = zookeeper.getConnectString();
            Controller first = controller(connect, "first");
            try (Controller second = controller(connect, "second");
                    ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(second.apiAddress())) {
                client.image();
                Task create = client.vms().createVm(Cloud.creation("web-1"));
                Eventually.get(() -> client.vms().getVm(GetVmRequest.newBuilder().setName("vms/web-1").build()),
                        vm -> vm.getStateMessage().contains("no hosts"));
                first.close();
                try (FakeAgent host = new FakeAgent("h1", connect, 4, 1024 * Cloud.MIB).start()) {
                    assertThat(client.end(create).getState()).isEqualTo(Task.State.SUCCEEDED);
                    assertThat(host.running()).hasSize(1);
                }
            } finally {
                first.close();
            }
        }
    }

    /**
     * Users want this and that through both controllers, hosts die and refuse, controllers come and go, a server of the ensemble
     * restarts. Whatever happens: an epoch has one host, epochs only grow, and nothing runs that the record did not allow.
     */
    @Test
    void atMostOneOwnerAndGrowingEpochsWhateverHappens() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> broken = new CopyOnWriteArrayList<>();
        try (TestingCluster zookeeper = started()) {
            String connect = zookeeper.getConnectString();
            try (CuratorFramework client = CuratorFrameworkFactory.newClient(connect, new RetryOneTime(500))) {
                client.start();
                CuratorCache records = CuratorCache.build(client, "/drover/vms");
                watch(records, broken);
                records.start();
                run(random, zookeeper, connect, broken);
                records.close();
            }
        }
        assertThat(broken).as("seed %d", seed).isEmpty();
    }

    private static void watch(CuratorCache records, List<String> broken) {
        Map<String, Long> epochs = new ConcurrentHashMap<>();
        Map<String, String> owners = new ConcurrentHashMap<>();
        records.listenable().addListener(CuratorCacheListener.builder().forCreatesAndChanges((before, after) -> {
            VmRecord record = read(after.getData());
            if (record.getUid().isEmpty()) {
                return;
            }
            long last = epochs.merge(record.getUid(), record.getLastEpoch(), Math::max);
            if (record.getLastEpoch() < last) {
                broken.add("epoch of " + record.getVm() + " went from " + last + " to " + record.getLastEpoch());
            }
            if (record.hasOwner()) {
                String run = record.getUid() + " " + record.getOwner().getEpoch();
                String host = owners.merge(run, record.getOwner().getHost(), (old, now) -> old);
                if (!host.equals(record.getOwner().getHost())) {
                    broken.add("epoch " + run + " was given to " + host + " and to " + record.getOwner().getHost());
                }
            }
        }).build());
    }

    private static VmRecord read(byte[] bytes) {
        try {
            return VmRecord.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private void run(Random random, TestingCluster zookeeper, String connect, List<String> broken) throws Exception {
        List<FakeAgent> hosts = new ArrayList<>();
        Map<FakeAgent, Boolean> alive = new HashMap<>();
        Controller[] controllers = {controller(connect, "first"), controller(connect, "second")};
        try {
            for (int i = 1; i <= 3; i++) {
                FakeAgent host = new FakeAgent("h" + i, connect, 4, 1024 * Cloud.MIB).start();
                host.onStart(request -> refuseSometimes(random));
                hosts.add(host);
                alive.put(host, true);
            }
            try (ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(controllers[0].apiAddress())) {
                client.image();
            }
            for (int step = 0; step < STEPS; step++) {
                FakeAgent host = hosts.get(random.nextInt(hosts.size()));
                switch (random.nextInt(12)) {
                    case 0 -> {
                        if (alive.put(host, !alive.get(host))) {
                            host.die();
                        } else {
                            host.start();
                        }
                    }
                    case 1 -> {
                        int which = random.nextInt(2);
                        controllers[which].close();
                        controllers[which] = controller(connect, which == 0 ? "first" : "second");
                    }
                    case 2 -> zookeeper.restartServer(
                            new ArrayList<InstanceSpec>(zookeeper.getInstances()).get(random.nextInt(3)));
                    case 3 -> host.end("vm-" + random.nextInt(VMS), io.drover.proto.agent.v1.Exit.Cause.GUEST_PANICKED,
                            "pvpanic");
                    default -> ask(random, controllers[random.nextInt(2)].apiAddress());
                }
                runningTwice(hosts).ifPresent(broken::add);
            }
            for (FakeAgent host : hosts) {
                host.onStart(request -> Optional.empty());
                if (!alive.get(host)) {
                    host.start();
                }
            }
            settles(controllers[1].apiAddress(), hosts);
        } finally {
            controllers[0].close();
            controllers[1].close();
            hosts.forEach(FakeAgent::close);
        }
    }

    private static Optional<StatusRuntimeException> refuseSometimes(Random random) {
        synchronized (random) {
            return random.nextInt(5) == 0
                    ? Optional.of(FakeAgent.refusal(Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "not now"))
                    : Optional.empty();
        }
    }

    private static void ask(Random random, String api) throws Exception {
        String name = "vm-" + random.nextInt(VMS);
        try (ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(api)) {
            switch (random.nextInt(5)) {
                case 0, 1 -> client.vms().createVm(Cloud.creation(name));
                case 2 -> client.vms().startVm(StartVmRequest.newBuilder().setName("vms/" + name).build());
                case 3 -> client.vms().stopVm(StopVmRequest.newBuilder().setName("vms/" + name).build());
                default ->
                    client.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/" + name).setForce(true).build());
            }
        } catch (StatusException e) {
            // Refused, or ZooKeeper is electing: both belong to the game. What must not come is a fault of the controller.
            assertThat(e.getStatus().getCode()).isNotIn(Status.Code.INTERNAL, Status.Code.UNKNOWN);
        }
    }

    /** A VM that runs on two hosts, if there is one. */
    private static Optional<String> runningTwice(List<FakeAgent> hosts) {
        Map<String, String> seen = new HashMap<>();
        for (FakeAgent host : hosts) {
            for (String run : host.running()) {
                String uid = run.substring(0, run.indexOf(' '));
                String other = seen.put(uid, run);
                if (other != null) {
                    return Optional.of(uid + " runs twice: " + other + " and " + run);
                }
            }
        }
        return Optional.empty();
    }

    /** With everything alive again nothing is left half done. */
    private static void settles(String api, List<FakeAgent> hosts) throws Exception {
        try (ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(api)) {
            for (int i = 0; i < VMS; i++) {
                String name = "vms/vm-" + i;
                Eventually.get(() -> {
                    try {
                        return client.vms().getVm(GetVmRequest.newBuilder().setName(name).build()).getState();
                    } catch (StatusException e) {
                        return e.getStatus().getCode() == Status.Code.NOT_FOUND ? VmState.VM_STATE_STOPPED
                                : VmState.UNRECOGNIZED;
                    }
                }, state -> List.of(VmState.VM_STATE_RUNNING, VmState.VM_STATE_STOPPED, VmState.VM_STATE_FAILED)
                        .contains(state));
            }
            assertThat(runningTwice(hosts)).isEmpty();
        }
    }

    private static TestingCluster started() throws Exception {
        TestingCluster cluster = new TestingCluster(3);
        cluster.start();
        return cluster;
    }
}
