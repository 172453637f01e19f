package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.UncordonHostRequest;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmBalloon;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmWatchdog;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs with disks, on hosts that keep them. */
final class VmDisksTest {
    private static final VmDisk ROOT = VmDisk.newBuilder().setName("root").setImage("images/bookworm")
            .setSizeBytes(2 << 20).setCacheMode(VmDisk.CacheMode.WRITE_BACK).build();
    private static final VmDisk DATA = VmDisk.newBuilder().setName("a-name-that-is-longer-than-a-serial")
            .setSizeBytes(1 << 20).setReadOnly(true).setCacheMode(VmDisk.CacheMode.WRITE_THROUGH).build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private final List<StartVmRequest> starts = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        cloud.diskImage("bookworm", new byte[1 << 20]);
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private FakeAgent host(String name) {
        FakeAgent host = cloud.host(name);
        host.onStart(request -> {
            starts.add(request);
            return Optional.empty();
        });
        return host;
    }

    private Vm running(String name) throws Exception {
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().addDisks(ROOT).addDisks(DATA).build();
        Task task = cloud.end(cloud.vms().createVm(Cloud.creation(name, spec)));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        return cloud.vm(name);
    }

    private void stopped(String name) throws Exception {
        cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/" + name).build()));
    }

    private static io.drover.proto.v1.StartVmRequest again(String name) {
        return io.drover.proto.v1.StartVmRequest.newBuilder().setName("vms/" + name).build();
    }

    @Test
    void hostGetsTheOtherDevicesAndAGenerationIdThatStays() throws Exception {
        host("h1");
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setBalloon(VmBalloon.getDefaultInstance())
                .setWatchdog(VmWatchdog.newBuilder().setAction(VmWatchdog.Action.POWER_OFF)).build();
        cloud.end(cloud.vms().createVm(Cloud.creation("web-1", spec)));
        assertThat(cloud.vm("web-1").getSpec()).isEqualTo(spec);
        stopped("web-1");
        cloud.end(cloud.vms().startVm(again("web-1")));
        running("web-2");

        assertThat(starts).hasSize(3);
        assertThat(starts.get(0).hasBalloon()).isTrue();
        assertThat(starts.get(0).getWatchdog()).isEqualTo(StartVmRequest.Watchdog.WATCHDOG_POWER_OFF);
        assertThat(starts.get(0).getGenerationId().size()).isEqualTo(16);
        assertThat(starts.get(1).getGenerationId()).isEqualTo(starts.get(0).getGenerationId());
        assertThat(starts.get(2).getGenerationId()).isNotEqualTo(starts.get(0).getGenerationId());
        assertThat(starts.get(2).hasBalloon()).isFalse();
        assertThat(starts.get(2).getWatchdog()).isEqualTo(StartVmRequest.Watchdog.WATCHDOG_UNSPECIFIED);
    }

    @Test
    void hostGetsTheImageAndTheDisksAndKeepsTheVm() throws Exception {
        host("h1");
        host("h2");
        Vm vm = running("web-1");
        assertThat(vm.getSpec().getDisksList()).containsExactly(ROOT, DATA);
        StartVmRequest first = starts.getFirst();
        assertThat(first.getDisksExpected()).isFalse();
        assertThat(first.getDisksList()).hasSize(2);
        StartVmRequest.Disk root = first.getDisks(0);
        assertThat(root.getName()).isEqualTo("root");
        assertThat(root.getSerial()).isEqualTo("root");
        assertThat(root.getImageSha256()).hasSize(64);
        assertThat(root.getImageFormat()).isEqualTo(StartVmRequest.Disk.Format.RAW);
        assertThat(root.getSizeBytes()).isEqualTo(2 << 20);
        assertThat(root.getWriteThrough()).isFalse();
        StartVmRequest.Disk second = first.getDisks(1);
        assertThat(second.getSerial()).isEqualTo("a-name-that-is-longe");
        assertThat(second.getImageSha256()).isEmpty();
        assertThat(second.getReadOnly()).isTrue();
        assertThat(second.getWriteThrough()).isTrue();

        stopped("web-1");
        cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName(vm.getHost()).build());
        Task start = cloud.vms().startVm(again("web-1"));
        Vm pending = cloud.vm("web-1", VmState.VM_STATE_PENDING);
        assertThat(pending.getHost()).isEmpty();
        assertThat(Eventually.get(() -> cloud.vm("web-1"), seen -> seen.getStateMessage().contains("disks"))
                .getStateMessage()).contains("keeps the VM's data", "is cordoned");
        cloud.hosts().uncordonHost(UncordonHostRequest.newBuilder().setName(vm.getHost()).build());

        assertThat(cloud.end(start).getState()).isEqualTo(Task.State.SUCCEEDED);
        assertThat(cloud.vm("web-1").getHost()).isEqualTo(vm.getHost());
        assertThat(starts.getLast().getDisksExpected()).isTrue();
    }

    @Test
    void hostThatNeverRanTheGuestDoesNotKeepTheVm() throws Exception {
        FakeAgent bad = cloud.host("h1");
        bad.startsEnd(io.drover.proto.agent.v1.Exit.Cause.HOST_FAILED, "no memory");
        host("h2");
        assertThat(running("web-1").getHost()).isEqualTo("hosts/h2");
        assertThat(starts.getLast().getDisksExpected()).isFalse();
    }

    @Test
    void diskThatIsGoneFailsTheStart() throws Exception {
        FakeAgent host = host("h1");
        running("web-1");
        stopped("web-1");
        host.onStart(request -> Optional.of(FakeAgent.refusal(com.google.rpc.Code.FAILED_PRECONDITION, "DISK_MISSING",
                "disk root is gone")));
        Task start = cloud.end(cloud.vms().startVm(again("web-1")));
        assertThat(start.getState()).isEqualTo(Task.State.FAILED);
        assertThat(cloud.vm("web-1").getStateMessage()).contains("disk root is gone");
    }

    @Test
    void imageOfADiskCannotBeDeletedBeforeTheVm() throws Exception {
        host("h1");
        running("web-1");
        DeleteImageRequest delete = DeleteImageRequest.newBuilder().setName("images/bookworm").build();
        Refusals refusal = Refusals.of(() -> cloud.images().deleteImage(delete));
        assertThat(refusal.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(refusal.reason()).isEqualTo("IMAGE_IN_USE");
        cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/web-1").setForce(true).build()));
        assertThat(cloud.images().deleteImage(delete)).isNotNull();
    }
}
