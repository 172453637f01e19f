package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.HaPolicy;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs of hosts that are lost: a real controller and ZooKeeper, agents that are not. */
final class TakeoverTest {
    @TempDir
    private Path data;
    private Cloud cloud;

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private Host host(String name) throws Exception {
        return cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/" + name).build());
    }

    private void awaitAway(String name) {
        Eventually.get(() -> host(name), seen -> seen.getState() == Host.State.AWAY);
    }

    private static ConfirmHostOffRequest off(String name) {
        return ConfirmHostOffRequest.newBuilder().setName("hosts/" + name).build();
    }

    @Test
    void vmOfALostHostIsStartedElsewhereUnderANewEpochAfterTheWait() throws Exception {
        FakeAgent lost = cloud.leasingHost("h1");
        Vm before = cloud.runningUnderLeases("web-1");
        assertThat(before.getHost()).isEqualTo("hosts/h1");
        assertThat(before.getDriver()).as("the only one that has leases").isEqualTo("kvm");
        assertThat(before.getSpec().getHaPolicy()).isEqualTo(HaPolicy.HA_POLICY_RESTART);
        FakeAgent other = cloud.leasingHost("h2");
        long died = System.nanoTime();
        lost.die();

        Vm after = Eventually.get(() -> cloud.vm("web-1"),
                vm -> vm.getHost().equals("hosts/h2") && vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(Duration.ofNanos(System.nanoTime() - died)).isGreaterThan(Cloud.TAKEOVER_WAIT);
        assertThat(after.getEpoch()).as("the takeover used up one").isEqualTo(3);
        assertThat(after.getLastExit().getCause()).isEqualTo(VmExit.Cause.KILLED);
        assertThat(after.getLastExit().getMessage()).contains("hosts/h1 was lost");
        assertThat(other.running()).containsExactly(after.getUid() + " 3");

        lost.start();
        Eventually.get(lost::running, List::isEmpty);
        assertThat(other.running()).containsExactly(after.getUid() + " 3");
    }

    @Test
    void vmWithoutAnHaPolicyWaitsForItsHost() throws Exception {
        FakeAgent lost = cloud.leasingHost("h1");
        cloud.running("plain");
        cloud.runningUnderLeases("ha");
        cloud.leasingHost("h2");
        lost.die();
        Eventually.get(() -> cloud.vm("ha"), vm -> vm.getHost().equals("hosts/h2"));
        assertThat(cloud.vm("plain").getHost()).isEqualTo("hosts/h1");
        assertThat(cloud.vm("plain").getEpoch()).isEqualTo(1);
        assertThat(cloud.vm("plain").getStateMessage()).contains("waiting for hosts/h1");
    }

    @Test
    void hostThatIsBackBeforeTheWaitIsOverKeepsItsVm() throws Exception {
        FakeAgent host = cloud.leasingHost("h1");
        cloud.runningUnderLeases("web-1");
        FakeAgent other = cloud.leasingHost("h2");
        for (int round = 0; round < 3; round++) {
            host.die();
            awaitAway("h1");
            host.start();
            Eventually.get(() -> host("h1"), seen -> seen.getState() == Host.State.READY);
        }
        Eventually.get(() -> cloud.vm("web-1"), Vm::getHostReachable);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h1");
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(1);
        assertThat(other.running()).isEmpty();
    }

    /** Its VMs got new leases in the meantime: the wait is counted from the end of the last session, seen or not. */
    @Test
    void waitIsCountedAnewAfterAReturnThatWasTooShortToBeSeen() throws Exception {
        FakeAgent host = cloud.leasingHost("h1");
        cloud.runningUnderLeases("web-1");
        cloud.leasingHost("h2");
        host.die();
        awaitAway("h1");
        long lastSession;
        try (CuratorFramework client = CuratorFrameworkFactory.newClient(cloud.zookeeper(), new RetryOneTime(500))) {
            client.start();
            HostRecord record = HostRecord.parseFrom(client.getData().forPath("/drover/hosts/h1"));
            for (int round = 0; round < 20; round++) {
                client.transaction().forOperations(
                        client.transactionOp().setData().forPath("/drover/hosts/h1", record.toByteArray()),
                        client.transactionOp().create().withMode(CreateMode.EPHEMERAL).forPath("/drover/live/h1"),
                        client.transactionOp().delete().forPath("/drover/live/h1"));
                assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h1");
                Thread.onSpinWait();
            }
            lastSession = System.nanoTime();
        }
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getHost().equals("hosts/h2"));
        assertThat(Duration.ofNanos(System.nanoTime() - lastSession))
                .isGreaterThan(Cloud.TAKEOVER_WAIT.minusMillis(50));
    }

    @Test
    void newLeaderCountsTheWaitAnew() throws Exception {
        Duration wait = Duration.ofSeconds(4);
        FakeAgent host = cloud.leasingHost("h1", wait);
        cloud.runningUnderLeases("web-1");
        cloud.leasingHost("h2");
        host.die();
        awaitAway("h1");
        cloud.stopController();
        long leads = System.nanoTime();
        cloud.startController();
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/h1");
        Eventually.get(() -> cloud.vm("web-1"),
                vm -> vm.getHost().equals("hosts/h2") && vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(Duration.ofNanos(System.nanoTime() - leads)).isGreaterThan(wait);
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(3);
    }

    @Test
    void hostsThatVanishTogetherAreWaitedForUntilAPersonConfirmsThatOneIsOff() throws Exception {
        FakeAgent first = cloud.leasingHost("h1");
        cloud.runningUnderLeases("web-1");
        FakeAgent second = cloud.leasingHost("h2");
        FakeAgent third = cloud.leasingHost("h3");
        assertThat(Refusals.of(() -> cloud.hosts().confirmHostOff(off("h1"))).reason()).isEqualTo("HOST_ALIVE");
        assertThat(Refusals.of(() -> cloud.hosts().confirmHostOff(off("nobody"))).code())
                .isEqualTo(Status.Code.NOT_FOUND);
        first.die();
        second.die();
        Vm braked = Eventually.get(() -> cloud.vm("web-1"),
                vm -> vm.getStateMessage().contains("vanished together"));
        assertThat(braked.getStateMessage()).contains("2 of 3 hosts", "drover host confirm-off h1");
        assertThat(braked.getHost()).isEqualTo("hosts/h1");

        assertThat(cloud.end(cloud.hosts().confirmHostOff(off("h1"))).getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm moved = Eventually.get(() -> cloud.vm("web-1"),
                vm -> vm.getHost().equals("hosts/h3") && vm.getState() == VmState.VM_STATE_RUNNING);
        assertThat(moved.getLastExit().getMessage()).contains("hosts/h1 was confirmed to be off");
        assertThat(third.running()).containsExactly(moved.getUid() + " 3");
        assertThat(host("h1").getState()).as("still known").isEqualTo(Host.State.AWAY);
        first.start();
        Eventually.get(() -> host("h1"), seen -> seen.getState() == Host.State.READY);
        Eventually.get(first::running, List::isEmpty);
    }

    @Test
    void brakeIsReleasedByHostsThatComeBack() throws Exception {
        FakeAgent first = cloud.leasingHost("h1");
        cloud.runningUnderLeases("web-1");
        FakeAgent second = cloud.leasingHost("h2");
        cloud.leasingHost("h3");
        first.die();
        second.die();
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getStateMessage().contains("vanished together"));
        second.start();
        Vm moved = Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getState() == VmState.VM_STATE_RUNNING
                && !vm.getHost().equals("hosts/h1"));
        assertThat(moved.getStateMessage()).isEmpty();
    }

    @Test
    void haPolicyUnderTheDriverQemuIsRefusedByName() {
        CreateVmRequest request = Cloud.creation("web-1", Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setDriver("qemu")
                .setHaPolicy(HaPolicy.HA_POLICY_RESTART).build());
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(request));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.message()).contains("ha_policy", "driver qemu");
    }
}
