package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where VMs go, who waits and why, and what tasks tell meanwhile. */
final class PlacementTest {
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
    void vmWithoutAFittingHostWaitsWithTheReasonAndIsPlacedWhenOneComes() throws Exception {
        Task task = cloud.vms().createVm(Cloud.creation("big", Cloud.spec(2, 4096 * Cloud.MIB)));
        Vm hostless = Eventually.get(() -> cloud.vm("big"), vm -> vm.getStateMessage().contains("there are no hosts"));
        assertThat(hostless.getState()).isEqualTo(VmState.VM_STATE_PENDING);
        cloud.host("small", 4, 1024 * Cloud.MIB);
        Vm waiting = Eventually.get(() -> cloud.vm("big"), vm -> vm.getStateMessage().contains("small"));
        assertThat(waiting.getStateMessage()).contains("memory");
        assertThat(waiting.getPlacement().getNearestMiss()).contains("small");
        assertThat(cloud.tasks().getTask(io.drover.proto.v1.GetTaskRequest.newBuilder().setName(task.getName()).build())
                .getProgress()).contains("PENDING").contains("small");
        cloud.host("large", 4, 8192 * Cloud.MIB);
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("big").getHost()).isEqualTo("hosts/large");
    }

    @Test
    void vmWaitsForRoomAndGetsItWhenAnotherStops() throws Exception {
        cloud.host("h1", 1, 1024 * Cloud.MIB);
        cloud.running("first");
        Task second = cloud.vms().createVm(Cloud.creation("second"));
        Eventually.get(() -> cloud.vm("second"), vm -> vm.getStateMessage().contains("vCPU"));
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/first").build()));
        assertThat(cloud.end(second).getState()).isEqualTo(Task.State.SUCCEEDED);
    }

    @Test
    void refusingHostIsLeftForAnother() throws Exception {
        FakeAgent broken = cloud.host("a-broken");
        broken.onStart(request -> Optional
                .of(FakeAgent.refusal(Code.FAILED_PRECONDITION, "DRIVER_UNUSABLE", "no qemu any more")));
        Task task = cloud.vms().createVm(Cloud.creation("web-1"));
        Vm refused = Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getStateMessage().contains("refused"));
        assertThat(refused.getState()).isEqualTo(VmState.VM_STATE_PENDING);
        assertThat(refused.getHost()).isEmpty();
        cloud.host("b-good");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/b-good");
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(2);
    }

    @Test
    void hostThatFailsIsAskedAFewTimesThenLeftForCertain() throws Exception {
        FakeAgent broken = cloud.host("a-broken");
        broken.onStart(request -> Optional.of(FakeAgent.refusal(Code.INTERNAL, "HOST_FAILED", "cannot fork")));
        Task task = cloud.vms().createVm(Cloud.creation("web-1"));
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getStateMessage().contains("could not start it: cannot fork")
                || vm.getStateMessage().contains("a-broken"));
        cloud.host("b-good");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/b-good");
        assertThat(broken.calls().stream().filter(call -> !call.startsWith("file")))
                .as("it is told to stop, so that no start that is still on its way runs")
                .containsExactly("start web-1 1",
                        "start web-1 1", "start web-1 1", "kill web-1 1");
    }

    @Test
    void startThatAHostCouldNotMakeIsMadeByAnother() throws Exception {
        FakeAgent broken = cloud.host("a-broken");
        broken.startsEnd(Exit.Cause.HOST_FAILED, "no memory");
        Task task = cloud.vms().createVm(Cloud.creation("web-1"));
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getState() == VmState.VM_STATE_PENDING
                && vm.getLastExit().getCause() == VmExit.Cause.HOST_FAILED);
        cloud.host("b-good");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo("hosts/b-good");
        assertThat(broken.calls()).containsOnlyOnce("start web-1 1").doesNotContain("start web-1 2");
    }

    @Test
    void vmThatEveryHostFailsToStartFailsWithTheLastOfThem() throws Exception {
        for (int i = 1; i <= 5; i++) {
            cloud.host("h" + i).startsEnd(Exit.Cause.HOST_FAILED, "no memory " + i);
        }
        Task task = cloud.end(cloud.vms().createVm(Cloud.creation("web-1")));
        assertThat(task.getState()).isEqualTo(Task.State.FAILED);
        assertThat(Refusals.info(task.getError()).getReason()).isEqualTo("HOST_FAILED");
        Vm failed = cloud.vm("web-1");
        assertThat(failed.getState()).isEqualTo(VmState.VM_STATE_FAILED);
        assertThat(failed.getStateMessage()).startsWith("5 starts have failed: ").contains("hosts/h", ": no memory ");
        assertThat(task.getError().getMessage()).contains(failed.getStateMessage());
        assertThat(failed.getEpoch()).isEqualTo(5);
    }

    @Test
    void kernelThatCannotBootFailsAndIsNotTriedElsewhere() throws Exception {
        FakeAgent first = cloud.host("h1");
        FakeAgent second = cloud.host("h2");
        for (FakeAgent host : new FakeAgent[] {first, second}) {
            host.onStart(
                    request -> Optional.of(FakeAgent.refusal(Code.INVALID_ARGUMENT, "UNBOOTABLE", "no HdrS at 0x202")));
        }
        Task task = cloud.end(cloud.vms().createVm(Cloud.creation("web-1")));
        assertThat(task.getState()).isEqualTo(Task.State.FAILED);
        assertThat(Refusals.info(task.getError()).getReason()).isEqualTo("START_FAILED");
        assertThat(task.getError().getMessage()).contains("no HdrS at 0x202");
        Vm failed = cloud.vm("web-1");
        assertThat(failed.getState()).isEqualTo(VmState.VM_STATE_FAILED);
        assertThat(failed.getLastExit().getCause()).isEqualTo(VmExit.Cause.START_FAILED);
        assertThat(first.calls().stream().filter(call -> call.startsWith("start")).count()
                + second.calls().stream().filter(call -> call.startsWith("start")).count()).isEqualTo(1);
    }

    @Test
    void stopSupersedesTheStartThatWaits() throws Exception {
        Task create = cloud.vms().createVm(Cloud.creation("web-1"));
        Task stop = cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(stop.getState()).isEqualTo(Task.State.SUCCEEDED);
        Task superseded = cloud.end(create);
        assertThat(superseded.getState()).isEqualTo(Task.State.CANCELLED);
        assertThat(Refusals.info(superseded.getError()).getReason()).isEqualTo("SUPERSEDED");
        assertThat(superseded.getError().getMessage()).contains(stop.getName());
    }

    @Test
    void cancelledStartLeavesAStoppedVm() throws Exception {
        Task create = cloud.vms().createVm(Cloud.creation("web-1"));
        cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(create.getName()).build());
        assertThat(cloud.end(create).getState()).isEqualTo(Task.State.CANCELLED);
        assertThat(cloud.vm("web-1").getState()).isEqualTo(VmState.VM_STATE_STOPPED);
        assertThat(
                cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(create.getName()).build()).getState())
                .as("a task that has ended stays as it is").isEqualTo(Task.State.CANCELLED);
    }

    @Test
    void stopCannotBeCancelled() throws Exception {
        FakeAgent host = cloud.host("h1");
        host.stopsAreSlow(true);
        cloud.running("web-1");
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build());
        Refusals refusal = Refusals
                .of(() -> cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(stop.getName()).build()));
        assertThat(refusal.reason()).isEqualTo("TASK_NOT_CANCELLABLE");
    }

    @Test
    void startDuringAStopRunsTheVmAgainAfterwards() throws Exception {
        FakeAgent host = cloud.host("h1");
        host.stopsAreSlow(true);
        cloud.running("web-1");
        Task stop = cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build());
        Eventually.get(host::calls, calls -> calls.contains("stop web-1 1"));
        Task start = cloud.vms().startVm(StartVmRequest.newBuilder().setName("vms/web-1").build());
        host.end("web-1", io.drover.proto.agent.v1.Exit.Cause.STOPPED, "obeyed");
        assertThat(cloud.end(start).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.end(stop).getState()).isEqualTo(Task.State.CANCELLED);
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(2);
    }

    @Test
    void runningVmIsDeletedOnlyByForce() throws Exception {
        FakeAgent host = cloud.host("h1");
        cloud.running("web-1");
        assertThat(Refusals.of(() -> cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").build()))
                .reason())
                .isEqualTo("VM_RUNNING");
        Task task = cloud
                .end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").setForce(true).build()));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(host.runs("web-1")).isEmpty();
        assertThat(host.calls()).contains("kill web-1 1", "remove web-1 1");
    }
}
