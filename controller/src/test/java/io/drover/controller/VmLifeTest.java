package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import io.grpc.StatusException;
import java.nio.file.Path;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A VM's life through the API, on hosts that behave. */
final class VmLifeTest {
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
    void createdVmIsPlacedStartedStoppedAndDeleted() throws Exception {
        FakeAgent host = cloud.host("h1");
        Vm vm = cloud.running("web-1");
        assertThat(vm.getState()).isEqualTo(VmState.VM_STATE_RUNNING);
        assertThat(vm.getHost()).isEqualTo("hosts/h1");
        assertThat(vm.getEpoch()).isEqualTo(1);
        assertThat(vm.getDriver()).isEqualTo("qemu");
        assertThat(vm.getPlacement().getHostsFeasible()).isEqualTo(1);

        Task stop = cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(stop.getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm stopped = cloud.vm("web-1");
        assertThat(stopped.getState()).isEqualTo(VmState.VM_STATE_STOPPED);
        assertThat(stopped.getHost()).isEmpty();
        assertThat(stopped.getLastExit().getCause()).isEqualTo(VmExit.Cause.STOPPED);

        Task delete = cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(delete.getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(host.runs("web-1")).isEmpty();
        Assertions.assertThatThrownBy(() -> cloud.vm("web-1")).isInstanceOfSatisfying(StatusException.class,
                e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
    }

    @Test
    void guestThatPowersItselfOffStaysOff() throws Exception {
        FakeAgent host = cloud.host("h1");
        cloud.running("web-1");
        host.end("web-1", Exit.Cause.GUEST_POWERED_OFF, "ACPI S5");
        Vm off = cloud.vm("web-1", VmState.VM_STATE_STOPPED);
        assertThat(off.getLastExit().getCause()).isEqualTo(VmExit.Cause.GUEST_POWERED_OFF);
        assertThat(off.getDesiredStateValue()).isEqualTo(2);
    }

    @Test
    void panickedGuestIsFailedAndStartTriesAgainUnderANewEpoch() throws Exception {
        FakeAgent host = cloud.host("h1");
        cloud.running("web-1");
        host.end("web-1", Exit.Cause.GUEST_PANICKED, "pvpanic");
        Vm failed = cloud.vm("web-1", VmState.VM_STATE_FAILED);
        assertThat(failed.getStateMessage()).isEqualTo("pvpanic");
        Task start = cloud.end(cloud.vms().startVm(StartVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(start.getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getEpoch()).isEqualTo(2);
    }
}
