package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts that die, fall silent, forget, or run what they should not. */
final class HostFaultsTest {
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

    @Test
    void vmOfADeadHostWaitsForItAndNobodyElseRunsIt() throws Exception {
        FakeAgent host = cloud.host("a-first");
        cloud.running("web-1");
        FakeAgent other = cloud.host("b-second");
        host.die();
        Vm away = Eventually.get(() -> cloud.vm("web-1"), vm -> !vm.getHostReachable());
        assertThat(away.getState()).isEqualTo(VmState.VM_STATE_RUNNING);
        assertThat(Eventually.get(() -> cloud.vm("web-1").getStateMessage(), text -> text.contains("away since")))
                .startsWith("waiting for hosts/a-first, away since 20");
        assertThat(cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/a-first").build()).getState())
                .isEqualTo(Host.State.AWAY);
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build());
        assertThat(stop.getProgress()).contains("waiting for hosts/a-first");
        Refusals console = Refusals.of(() -> {
            var call = cloud.vms().attachConsole();
            call.write(io.drover.proto.v1.AttachConsoleRequest.newBuilder().setName("vms/web-1").build());
            call.read();
        });
        assertThat(console.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(console.reason()).isEqualTo("HOST_UNREACHABLE");
        host.start();
        assertThat(cloud.end(stop).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(other.calls()).isEmpty();
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(1);
    }

    @Test
    void hostThatDoesNotAnswerIsUnreachableAndSaysWhy() throws Exception {
        FakeAgent host = cloud.host("h1");
        cloud.running("web-1");
        host.goSilent();
        Host silent = Eventually.get(
                () -> cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h1").build()),
                seen -> seen.getState() == Host.State.UNREACHABLE);
        assertThat(silent.getStateMessage()).contains("not reached since").contains(silent.getAddress());
        assertThat(cloud.vm("web-1").getHostReachable()).isFalse();
    }

    @Test
    void startWhoseAnswerIsLostGoesOnWithTheSameHostAndEpoch() throws Exception {
        FakeAgent host = cloud.host("a-first");
        host.startsHang(true);
        Task create = cloud.vms().createVm(Cloud.creation("web-1"));
        Eventually.get(host::calls, calls -> calls.contains("start web-1 1"));
        FakeAgent other = cloud.host("b-second");
        host.die();
        host.startsHang(false);
        host.start();
        assertThat(cloud.end(create).getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm vm = cloud.vm("web-1");
        assertThat(vm.getHost()).isEqualTo("hosts/a-first");
        assertThat(vm.getEpoch()).isEqualTo(1);
        assertThat(other.calls()).isEmpty();
    }

    @Test
    void vmDeletedWhileItStartsLeavesNothing() throws Exception {
        FakeAgent host = cloud.host("h1");
        host.startsHang(true);
        Task create = cloud.vms().createVm(Cloud.creation("web-1"));
        Eventually.get(host::calls, calls -> calls.contains("start web-1 1"));
        Task delete = cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").setForce(true).build());
        host.die();
        host.startsHang(false);
        host.start();
        assertThat(cloud.end(delete).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.end(create).getState()).isEqualTo(Task.State.CANCELLED);
        assertThat(host.running()).isEmpty();
        assertThat(host.runs("web-1")).isEmpty();
    }

    @Test
    void vmThatItsHostForgotIsFailed() throws Exception {
        cloud.host("h1").die();
        FakeAgent host = new FakeAgent("h1", cloud.zookeeper(), 4, 1024 * Cloud.MIB).start();
        try {
            cloud.running("web-1");
        } finally {
            host.die();
        }
        try (FakeAgent reinstalled = new FakeAgent("h1", cloud.zookeeper(), 4, 1024 * Cloud.MIB).start()) {
            Vm lost = cloud.vm("web-1", VmState.VM_STATE_FAILED);
            assertThat(lost.getLastExit().getCause()).isEqualTo(VmExit.Cause.VMM_FAILED);
            assertThat(lost.getLastExit().getMessage()).contains("hosts/h1");
            assertThat(reinstalled.running()).isEmpty();
            assertThat(reinstalled.calls()).as("a start that is still on its way is refused from then")
                    .contains("kill web-1 1");
        }
    }

    @Test
    void whatNoRecordKnowsIsStoppedAndRemoved() throws Exception {
        FakeAgent host = cloud.host("h1");
        Vm vm = cloud.running("web-1");
        VmObservation.Builder stray = VmObservation.newBuilder().setState(VmObservation.State.RUNNING)
                .setDriver("qemu");
        host.plant(stray.setVm("gone-1").setUid("no-record").setEpoch(3).build());
        host.plant(stray.setVm("web-1").setUid("an-earlier-one").setEpoch(1).build());
        Eventually.get(host::running, running -> running.equals(List.of(vm.getUid() + " 1")));
        Eventually.get(() -> host.runs("gone-1"), List::isEmpty);
        assertThat(cloud.vm("web-1").getState()).isEqualTo(VmState.VM_STATE_RUNNING);
    }

    /** So many that some are looked at before the host counts as ready. */
    @Test
    void hostThatJoinsWithWhatNoRecordKnowsLosesAllOfIt() throws Exception {
        try (FakeAgent host = new FakeAgent("h1", cloud.zookeeper(), 4, 1024 * Cloud.MIB)) {
            for (int i = 0; i < 300; i++) {
                host.plant(VmObservation.newBuilder().setState(VmObservation.State.RUNNING).setDriver("qemu")
                        .setVm("gone-" + i).setUid("no-record-" + i).setEpoch(3).build());
            }
            host.start();
            Eventually.get(host::running, List::isEmpty);
            Eventually.get(() -> host.runs("gone-0"), List::isEmpty);
        }
    }

    @Test
    void deletionWaitsForTheHostThatKeepsTheRemains() throws Exception {
        FakeAgent host = cloud.host("h1");
        cloud.running("web-1");
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        host.die();
        Eventually.get(() -> cloud.hosts().getHost(GetHostRequest.newBuilder().setName("hosts/h1").build()),
                seen -> seen.getState() == Host.State.AWAY);
        Task delete = cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").build());
        Eventually.get(() -> cloud.vm("web-1").getStateMessage(), text -> text.contains("waiting for hosts/h1"));
        host.start();
        assertThat(cloud.end(delete).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(host.runs("web-1")).isEmpty();
    }
}
