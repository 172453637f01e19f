package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.SuspendVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import io.grpc.StatusException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs that are saved to their host's disk and go on from there, through the API, on hosts that do as they are told. */
final class SuspensionTest {
    private static final VmSpec KVM = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setDriver("kvm").build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private FakeAgent h1;

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        h1 = cloud.leasingHost("h1");
        assertThat(cloud.end(cloud.vms().createVm(Cloud.creation("web-1", KVM))).getState())
                .isEqualTo(Task.State.SUCCEEDED);
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private Task suspend() throws Exception {
        return cloud.vms().suspendVm(SuspendVmRequest.newBuilder().setName("vms/web-1").build());
    }

    private static StartVmRequest startOf(boolean discardSaved) {
        return StartVmRequest.newBuilder().setName("vms/web-1").setDiscardSaved(discardSaved).build();
    }

    private Vm awaitSuspended() throws Exception {
        Task task = suspend();
        cloud.vm("web-1", VmState.VM_STATE_SUSPENDING);
        Eventually.get(h1::calls, calls -> calls.contains("suspend web-1 1"));
        h1.saved("web-1");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        return cloud.vm("web-1");
    }

    @Test
    void suspendedVmGoesOnWhereItWasUnderANewEpoch() throws Exception {
        Task task = suspend();
        cloud.vm("web-1", VmState.VM_STATE_SUSPENDING);
        Eventually.get(h1::calls, calls -> calls.contains("suspend web-1 1"));
        h1.saves("web-1", 16 * Cloud.MIB);
        Eventually.get(() -> cloud.vm("web-1"), vm -> vm.getStateMessage().equals("saving its memory: 16 of 64 MiB"));
        cloud.stopController();
        h1.saved("web-1");
        cloud.startController();

        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm suspended = cloud.vm("web-1");
        assertThat(suspended.getState()).isEqualTo(VmState.VM_STATE_SUSPENDED);
        assertThat(suspended.getDesiredState()).isEqualTo(PowerState.POWER_STATE_SUSPENDED);
        assertThat(suspended.getHost()).isEmpty();
        assertThat(suspended.getSavedHost()).isEqualTo("hosts/h1");
        cloud.leasingHost("h2");
        assertThatThrownBy(() -> cloud.vms().attachDisk(AttachDiskRequest.newBuilder().setName("vms/web-1")
                .setDisk(VmDisk.newBuilder().setName("data").setSizeBytes(Cloud.MIB)).build()))
                .isInstanceOf(StatusException.class).hasMessageContaining("vms/web-1 is SUSPENDED");
        assertThatThrownBy(
                () -> cloud.migrations().migrateVm(MigrateVmRequest.newBuilder().setName("vms/web-1").build()))
                .isInstanceOf(StatusException.class).hasMessageContaining("vms/web-1 is SUSPENDED");

        assertThat(cloud.end(cloud.vms().startVm(startOf(false))).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(h1.calls()).contains("start web-1 2 saved 1");
        Vm running = cloud.vm("web-1");
        assertThat(running.getHost()).isEqualTo("hosts/h1");
        assertThat(running.getSavedHost()).isEmpty();
    }

    @Test
    void guestThatCannotBeSavedRunsOnAndTheTaskSaysWhy() throws Exception {
        Task task = suspend();
        Eventually.get(h1::calls, calls -> calls.contains("suspend web-1 1"));
        h1.notSaved("web-1", "the disk is full");
        Task failed = cloud.end(task);
        assertThat(failed.getState()).isEqualTo(Task.State.FAILED);
        assertThat(failed.getError().getMessage()).contains("was not saved, and is RUNNING: the disk is full");
        assertThat(cloud.vm("web-1", VmState.VM_STATE_RUNNING).getDesiredState())
                .isEqualTo(PowerState.POWER_STATE_RUNNING);

        Task again = suspend();
        Eventually.get(h1::calls, calls -> calls.stream().filter("suspend web-1 1"::equals).count() == 2);
        h1.saved("web-1");
        assertThat(cloud.end(again).getState()).isEqualTo(Task.State.SUCCEEDED);
    }

    @Test
    void suspensionThatIsCancelledRunsOn() throws Exception {
        Task task = suspend();
        Eventually.get(h1::calls, calls -> calls.contains("suspend web-1 1"));
        cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(task.getName()).build());
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.CANCELLED);
        Vm vm = cloud.vm("web-1", VmState.VM_STATE_RUNNING);
        assertThat(vm.getEpoch()).isEqualTo(1);
        assertThat(h1.calls()).contains("cancel-suspend web-1 1");
    }

    @Test
    void startWaitsForTheHostThatHasWhatWasSavedUnlessThatIsGivenUp() throws Exception {
        awaitSuspended();
        FakeAgent h2 = cloud.leasingHost("h2");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/h1").build());
        Task waits = cloud.vms().startVm(startOf(false));
        Eventually.get(() -> cloud.vm("web-1").getStateMessage(), message -> message.contains("keeps the VM's data")
                && message.contains("is cordoned") && message.contains("start --discard-saved"));
        cloud.tasks().cancelTask(CancelTaskRequest.newBuilder().setName(waits.getName()).build());
        assertThat(cloud.end(waits).getState()).isEqualTo(Task.State.CANCELLED);
        assertThat(cloud.vm("web-1").getState()).isEqualTo(VmState.VM_STATE_SUSPENDED);

        assertThat(cloud.end(cloud.vms().startVm(startOf(true))).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(h2.calls()).contains("start web-1 2");
        Eventually.get(h1::calls, calls -> calls.contains("remove web-1 1"));
    }

    @Test
    void hostThatHasLostWhatWasSavedSaysSoAndTheNextStartBoots() throws Exception {
        awaitSuspended();
        h1.losesSaved("web-1");
        Task failed = cloud.end(cloud.vms().startVm(startOf(false)));
        assertThat(failed.getState()).isEqualTo(Task.State.FAILED);
        assertThat(failed.getError().getMessage()).contains("what was saved is not there");
        assertThat(cloud.vm("web-1").getSavedHost()).isEmpty();
        assertThat(cloud.end(cloud.vms().startVm(startOf(false))).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(h1.calls()).contains("start web-1 3");
    }

    @Test
    void stopGivesUpWhatWasSavedAndDeletionRemovesIt() throws Exception {
        awaitSuspended();
        assertThat(cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build())).getState())
                .isEqualTo(Task.State.SUCCEEDED);
        Vm stopped = cloud.vm("web-1");
        assertThat(stopped.getState()).isEqualTo(VmState.VM_STATE_STOPPED);
        assertThat(stopped.getSavedHost()).isEmpty();
        assertThat(cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").build()))
                .getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(h1.runs("web-1")).isEmpty();
    }

    @Test
    void driverThatSavesNothingIsNamed() throws Exception {
        VmSpec software = KVM.toBuilder().setDriver("qemu").build();
        assertThat(cloud.end(cloud.vms().createVm(Cloud.creation("web-2", software))).getState())
                .isEqualTo(Task.State.SUCCEEDED);
        assertThatThrownBy(() -> cloud.vms().suspendVm(SuspendVmRequest.newBuilder().setName("vms/web-2").build()))
                .isInstanceOf(StatusException.class)
                .hasMessageContaining("driver qemu of hosts/h1 does not save VMs to disk");
    }
}
