package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.AttachNicRequest;
import io.drover.proto.v1.DetachDiskRequest;
import io.drover.proto.v1.DetachNicRequest;
import io.drover.proto.v1.ResizeDiskRequest;
import io.drover.proto.v1.SetDiskLimitsRequest;
import io.drover.proto.v1.SetMemoryTargetRequest;
import io.drover.proto.v1.VmDisk;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** `vm disk`, `vm nic` and `vm memory`. */
class DeviceCommandsTest {
    private FakeController controller;
    private CommandRun run;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.vms.put("vms/web-1", OutputTest.running());
        run = CommandRun.against(controller);
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void diskIsAttachedAsItIsWrittenAtCreate() {
        assertThat(run.run("vm", "disk", "attach", "web-1",
                "name=data,size=1G,bytes-per-second=50M,operations-per-second=200")).as(run.err()).isZero();
        assertThat(controller.request(AttachDiskRequest.class).toBuilder().clearRequestId().build())
                .isEqualTo(AttachDiskRequest.newBuilder().setName("vms/web-1")
                        .setDisk(VmDisk.newBuilder().setName("data")
                                .setSizeBytes(1L << 30).setBytesPerSecond(50L << 20).setOperationsPerSecond(200))
                        .build());
        assertThat(controller.request(AttachDiskRequest.class).getRequestId()).isNotEmpty();
        assertThat(run.out()).contains("attached disk data to web-1");
    }

    @Test
    void detachSaysWhatHappensToTheContents() {
        assertThat(run.run("vm", "disk", "detach", "web-1", "data", "--delete-contents", "--force")).as(run.err())
                .isZero();
        DetachDiskRequest request = controller.request(DetachDiskRequest.class);
        assertThat(request.getDisk()).isEqualTo("data");
        assertThat(request.getDeleteContents()).isTrue();
        assertThat(request.getForce()).isTrue();

        controller.fail("DetachDisk", Code.FAILED_PRECONDITION, "CONTENTS_WOULD_BE_LOST",
                "a disk is part of its VM: what is in disk data goes with it, for good",
                Map.of("next_step", "ask again with delete_contents"));
        assertThat(run.run("vm", "disk", "detach", "web-1", "data")).isEqualTo(ExitCode.CONFLICT.number());
        assertThat(run.err()).contains("disk data was not detached", "for good");
    }

    @Test
    void sizesAndLimitsAreSent() {
        assertThat(run.run("vm", "disk", "resize", "web-1", "data", "20G")).as(run.err()).isZero();
        assertThat(controller.request(ResizeDiskRequest.class).getSizeBytes()).isEqualTo(20L << 30);
        assertThat(run.run("vm", "disk", "limit", "web-1", "data", "--bytes-per-second", "10M")).as(run.err()).isZero();
        SetDiskLimitsRequest limits = controller.request(SetDiskLimitsRequest.class);
        assertThat(limits.getBytesPerSecond()).isEqualTo(10L << 20);
        assertThat(limits.getOperationsPerSecond()).isZero();
        assertThat(run.run("vm", "memory", "web-1", "256M")).as(run.err()).isZero();
        assertThat(controller.request(SetMemoryTargetRequest.class).getMemoryBytes()).isEqualTo(256L << 20);
    }

    @Test
    void nicsComeAndGo() {
        assertThat(run.run("vm", "nic", "attach", "web-1", "bridge=br0,name=lan")).as(run.err()).isZero();
        assertThat(controller.request(AttachNicRequest.class).getNic().getBridge().getBridge()).isEqualTo("br0");
        assertThat(run.run("vm", "nic", "detach", "web-1", "lan")).as(run.err()).isZero();
        assertThat(controller.request(DetachNicRequest.class).getNic()).isEqualTo("lan");
    }

    @Test
    void disksAndNicsAreListed() {
        controller.vms.put("vms/web-1", OutputTest.running().toBuilder()
                .setSpec(OutputTest.running().getSpec().toBuilder().clearDisks().addDisks(VmDisk.newBuilder()
                        .setName("data").setSizeBytes(1L << 30).setOperationsPerSecond(200)))
                .setDeviceChange("disk old is detached").build());
        assertThat(run.run("vm", "disk", "list", "web-1")).as(run.err()).isZero();
        assertThat(run.out()).contains("data", "1 GiB", "200 requests/s");
        assertThat(run.err()).contains("disk old is detached");
        assertThat(run.run("vm", "nic", "list", "web-1", "-o", "name")).as(run.err()).isZero();
    }
}
