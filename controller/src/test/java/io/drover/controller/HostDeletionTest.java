package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.DeleteHostRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts that are gone for good, and some that were only said to be. */
final class HostDeletionTest {
    private static final DeleteHostRequest DELETE = DeleteHostRequest.newBuilder().setName("hosts/h1").build();
    private static final DeleteHostRequest FORCE = DELETE.toBuilder().setForce(true).build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private FakeAgent host;

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        host = cloud.host("h1");
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private Host seen() throws Exception {
        return cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h1").build());
    }

    private void dies() {
        host.die();
        Eventually.get(this::seen, seen -> seen.getState() == Host.State.AWAY);
    }

    private void isGone() {
        assertThat(Refusals.of(this::seen).code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void hostThatLivesIsNotDeletedEvenByForce() throws Exception {
        for (DeleteHostRequest request : List.of(DELETE, FORCE)) {
            Refusals refusal = Refusals.of(() -> cloud.hosts().deleteHost(request));
            assertThat(refusal.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(refusal.reason()).isEqualTo("HOST_ALIVE");
            assertThat(refusal.message()).contains("hosts/h1 has a session").contains("127.0.0.1:");
        }
        assertThat(seen().getState()).isEqualTo(Host.State.READY);
        assertThat(
                Refusals.of(() -> cloud.hosts().deleteHost(FORCE.toBuilder().setName("hosts/nobody").build())).code())
                .isEqualTo(Status.Code.NOT_FOUND);
        assertThat(Refusals.of(() -> cloud.hosts().deleteHost(FORCE.toBuilder().setRequestId("x").build())).code())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void hostThatOwnsNothingIsForgottenAndWhatWaitedForItEnds() throws Exception {
        cloud.running("web-1");
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        dies();
        Task deletion = cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").build());
        Eventually.get(() -> cloud.vm("web-1").getStateMessage(), text -> text.contains("waiting for hosts/h1"));

        assertThat(cloud.end(cloud.hosts().deleteHost(DELETE)).getState()).isEqualTo(Task.State.SUCCEEDED);
        isGone();
        assertThat(cloud.end(deletion).getState()).isEqualTo(Task.State.SUCCEEDED);
        host.start();
        Eventually.get(this::seen, seen -> seen.getState() == Host.State.READY);
        Eventually.get(() -> host.runs("web-1"), List::isEmpty);
    }

    @Test
    void hostThatOwnsVmsIsDeletedOnlyByForceAndTheyGoOnElsewhere() throws Exception {
        cloud.running("runs");
        host.stopsAreSlow(true);
        cloud.running("stops");
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/stops").build());
        cloud.running("goes");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/h1").build());
        dies();
        Task deletion = cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/goes").setForce(true).build());
        Refusals refusal = Refusals.of(() -> cloud.hosts().deleteHost(DELETE));
        assertThat(refusal.reason()).isEqualTo("HOST_OWNS_VMS");
        assertThat(refusal.message()).contains("hosts/h1 owns 3 VMs: vms/goes, vms/runs, vms/stops");
        assertThat(refusal.info().getMetadataOrThrow("next_step")).contains("force");

        FakeAgent other = cloud.host("h2");
        DeleteHostRequest request = FORCE.toBuilder().setRequestId(UUID.randomUUID().toString()).build();
        Task task = cloud.end(cloud.hosts().deleteHost(request));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(task.getTarget()).isEqualTo("hosts/h1");
        isGone();
        assertThat(cloud.hosts().deleteHost(request)).as("the same request again").isEqualTo(task);
        Vm moved = Eventually.get(() -> cloud.vm("runs"), vm -> vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(moved.getHost()).isEqualTo("hosts/h2");
        assertThat(moved.getEpoch()).as("the fence used up one").isEqualTo(3);
        assertThat(moved.getLastExit().getCause()).isEqualTo(VmExit.Cause.KILLED);
        assertThat(moved.getLastExit().getMessage()).contains("hosts/h1 was deleted by force");
        assertThat(cloud.end(stop).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("stops").getState()).isEqualTo(VmState.VM_STATE_STOPPED);
        assertThat(cloud.end(deletion).getState()).isEqualTo(Task.State.SUCCEEDED);

        host.start();
        Host back = Eventually.get(this::seen, seen -> seen.getState() == Host.State.READY);
        assertThat(back.getCordoned()).as("a host of that name, not the one that was deleted").isFalse();
        Eventually.get(host::running, List::isEmpty);
        assertThat(other.running()).containsExactly(moved.getUid() + " 3");
    }

    @Test
    void vmOfAHostWithoutARecordIsFreedByForce() throws Exception {
        cloud.running("web-1");
        dies();
        try (CuratorFramework client = CuratorFrameworkFactory.newClient(cloud.zookeeper(), new RetryOneTime(500))) {
            client.start();
            client.delete().forPath("/drover/hosts/h1");
        }
        assertThat(Eventually.get(() -> Refusals.of(() -> cloud.hosts().deleteHost(DELETE)),
                refusal -> refusal.reason().equals("HOST_OWNS_VMS")).message()).contains("vms/web-1");
        FakeAgent other = cloud.host("h2");
        assertThat(cloud.end(cloud.hosts().deleteHost(FORCE)).getState()).isEqualTo(Task.State.SUCCEEDED);
        Eventually.get(other::running, running -> running.size() == 1);
        isGone();
    }

    /** The first write of a deletion is all that it needs: whoever leads next finishes it. */
    @Test
    void deletionOfAControllerThatDiedIsFinishedByTheNext() throws Exception {
        try (TestingServer zookeeper = new TestingServer();
                FakeAgent dead = new FakeAgent("h1", zookeeper.getConnectString(), 8, 4096 * Cloud.MIB).start()) {
            String connect = zookeeper.getConnectString();
            Path folder = data.resolve("more");
            try (Controller first = Controller.start(Cloud.config(folder, Optional.of(connect), 0), () -> {});
                    ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(first.apiAddress())) {
                client.image();
                for (String vm : List.of("web-1", "web-2")) {
                    assertThat(client.end(client.vms().createVm(Cloud.creation(vm))).getState())
                            .isEqualTo(Task.State.SUCCEEDED);
                }
                dead.die();
            }
            try (CuratorFramework client = CuratorFrameworkFactory.newClient(connect, new RetryOneTime(500))) {
                client.start();
                HostRecord record = HostRecord.parseFrom(client.getData().forPath("/drover/hosts/h1"));
                client.setData().forPath("/drover/hosts/h1", record.toBuilder().setFenced(true).build().toByteArray());
            }
            try (Controller second = Controller.start(Cloud.config(folder, Optional.of(connect), 0), () -> {});
                    ZooKeeperAwayTest.Client client = new ZooKeeperAwayTest.Client(second.apiAddress());
                    FakeAgent other = new FakeAgent("h2", connect, 8, 4096 * Cloud.MIB).start()) {
                Eventually.get(other::running, running -> running.size() == 2);
                for (String vm : List.of("web-1", "web-2")) {
                    assertThat(client.vms().getVm(GetVmRequest.newBuilder().setName("vms/" + vm).build()).getHost())
                            .isEqualTo("hosts/h2");
                }
                assertThat(Refusals.of(() -> HostServiceGrpc.newBlockingV2Stub(client.channel())
                        .withDeadlineAfter(30, TimeUnit.SECONDS)
                        .getHost(GetHostRequest.newBuilder().setName("hosts/h1").build())).code())
                        .isEqualTo(Status.Code.NOT_FOUND);
            }
        }
    }
}
