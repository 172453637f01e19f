package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.DetachDiskRequest;
import io.drover.proto.v1.SetDiskLimitsRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices that come and go, from the API to the agent and back. */
final class DeviceChangeTest {
    private static final VmDisk ROOT = VmDisk.newBuilder().setName("root").setSizeBytes(1 << 20)
            .setCacheMode(VmDisk.CacheMode.WRITE_BACK).build();
    private static final VmDisk DATA = ROOT.toBuilder().setName("data").build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private FakeAgent host;
    private final List<StartVmRequest> starts = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        host = cloud.host("h1");
        host.onStart(request -> {
            starts.add(request);
            return Optional.empty();
        });
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().addDisks(ROOT).build();
        assertThat(cloud.end(cloud.vms().createVm(Cloud.creation("web-1", spec))).getState())
                .isEqualTo(Task.State.SUCCEEDED);
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private static AttachDiskRequest attach() {
        return AttachDiskRequest.newBuilder().setName("vms/web-1").setDisk(DATA)
                .setRequestId("6f1c2f9e-0000-4000-8000-000000000001").build();
    }

    private static DetachDiskRequest detach() {
        return DetachDiskRequest.newBuilder().setName("vms/web-1").setDisk("data").setDeleteContents(true).build();
    }

    @Test
    void attachmentToARunningVmEndsWhenTheHostSaysSoAndIsDoneOnce() throws Exception {
        Task task = cloud.end(cloud.vms().attachDisk(attach()));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm vm = cloud.vm("web-1");
        assertThat(vm.getSpec().getDisksList()).containsExactly(ROOT, DATA);
        assertThat(vm.getDeviceChange()).isEmpty();
        assertThat(cloud.vms().attachDisk(attach()).getName()).isEqualTo(task.getName());
        assertThat(host.calls()).filteredOn(call -> call.startsWith("change"))
                .containsExactly("change web-1 ATTACH_DISK");
    }

    @Test
    void guestIsWaitedFor() throws Exception {
        cloud.end(cloud.vms().attachDisk(attach()));
        host.onChange((request, run) -> run.setDeviceState(VmObservation.DeviceState.DEVICE_PENDING)
                .setDeviceMessage("the guest has not let go of disk data yet"));
        Task task = cloud.vms().detachDisk(detach());
        Eventually.get(host::calls, calls -> calls.contains("change web-1 DETACH_DISK"));
        assertThat(cloud.vm("web-1").getDeviceChange()).contains("disk data is detached");
        host.deviceChanged("web-1");
        assertThat(cloud.end(task).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getSpec().getDisksList()).containsExactly(ROOT);
    }

    @Test
    void whatTheHostCannotMakeIsTakenBackWithTheReason() throws Exception {
        host.onChange((request, run) -> run.setDeviceState(VmObservation.DeviceState.DEVICE_FAILED)
                .setDeviceMessage("the driver qemu does not change the devices of a VM that runs"));
        Task task = cloud.end(cloud.vms().attachDisk(attach()));
        assertThat(task.getState()).isEqualTo(Task.State.FAILED);
        assertThat(task.getError().getMessage()).contains("the driver qemu does not");
        assertThat(cloud.vm("web-1").getSpec().getDisksList()).containsExactly(ROOT);
    }

    @Test
    void limitsOfARunningVmAreSetOnceAndItsNextStartHasThem() throws Exception {
        List<ChangeDeviceRequest> changes = new CopyOnWriteArrayList<>();
        host.onChange((request, run) -> {
            changes.add(request);
            return run;
        });
        Task task = cloud.end(cloud.vms().setDiskLimits(limits(50)));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vms().setDiskLimits(limits(50)).getName()).as("asked again").isEqualTo(task.getName());
        assertThat(changes).singleElement().satisfies(change -> {
            assertThat(change.getSetDisk().getName()).isEqualTo("root");
            assertThat(change.getSetDisk().getBytesPerSecond()).isEqualTo(1 << 20);
            assertThat(change.getSetDisk().getOperationsPerSecond()).isEqualTo(50);
        });
        VmDisk limited = ROOT.toBuilder().setBytesPerSecond(1 << 20).setOperationsPerSecond(50).build();
        assertThat(cloud.vm("web-1").getSpec().getDisksList()).containsExactly(limited);
        assertThat(cloud.vm("web-1").getDeviceChange()).isEmpty();

        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        cloud.end(cloud.vms().startVm(io.drover.proto.v1.StartVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(starts.getLast().getDisks(0).getBytesPerSecond()).isEqualTo(1 << 20);
        assertThat(starts.getLast().getDisks(0).getOperationsPerSecond()).isEqualTo(50);
    }

    @Test
    void limitsThatTheHostCannotSetAreTakenBackWithTheReason() throws Exception {
        assertThat(cloud.end(cloud.vms().setDiskLimits(limits(50))).getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm before = cloud.vm("web-1");
        host.onChange((request, run) -> run.setDeviceState(VmObservation.DeviceState.DEVICE_FAILED)
                .setDeviceMessage("a request of no kind that this VMM knows; next: stop the VM, change it, start it"));
        Task task = cloud.end(cloud.vms().setDiskLimits(
                limits(60).toBuilder().setRequestId("6f1c2f9e-0000-4000-8000-000000000003").build()));
        assertThat(task.getState()).isEqualTo(Task.State.FAILED);
        assertThat(task.getError().getMessage()).contains("stop the VM, change it, start it");
        assertThat(cloud.vm("web-1").getSpec()).isEqualTo(before.getSpec());
    }

    @Test
    void limitsThatNoVmmCouldKeepAreRefused() {
        assertThatThrownBy(() -> cloud.vms().setDiskLimits(limits(2_000_000_001)))
                .hasMessageContaining("operations_per_second : 2000000001 (expected: 1 to 2000000000");
        assertThatThrownBy(
                () -> cloud.vms().setDiskLimits(limits(1).toBuilder().setBytesPerSecond(2_000_000_001).build()))
                .hasMessageContaining("bytes_per_second : 2000000001 (expected: 65536 to 2000000000");
    }

    private static SetDiskLimitsRequest limits(long operationsPerSecond) {
        return SetDiskLimitsRequest.newBuilder().setName("vms/web-1").setDisk("root").setBytesPerSecond(1 << 20)
                .setOperationsPerSecond(operationsPerSecond).setRequestId("6f1c2f9e-0000-4000-8000-000000000002")
                .build();
    }

    @Test
    void stoppedVmHasItFromItsNextStartOn() throws Exception {
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(cloud.vms().attachDisk(attach()).getState()).isEqualTo(Task.State.SUCCEEDED);
        cloud.end(cloud.vms().startVm(io.drover.proto.v1.StartVmRequest.newBuilder().setName("vms/web-1").build()));
        StartVmRequest second = starts.getLast();
        assertThat(second.getDisksList()).extracting(StartVmRequest.Disk::getName).containsExactly("root", "data");
        assertThat(second.getDisksExpected()).isTrue();
        assertThat(second.getAddedDisksList()).containsExactly("data");
        assertThat(second.getDeviceGeneration()).isEqualTo(1);

        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(cloud.vms().detachDisk(detach()).getState()).isEqualTo(Task.State.SUCCEEDED);
        cloud.end(cloud.vms().startVm(io.drover.proto.v1.StartVmRequest.newBuilder().setName("vms/web-1").build()));
        assertThat(starts.getLast().getAddedDisksList()).isEmpty();
        assertThat(starts.getLast().getRemovedDisksList()).containsExactly("data");
    }
}
