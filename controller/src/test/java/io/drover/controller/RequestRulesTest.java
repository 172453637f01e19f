package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import io.drover.controller.record.Sha256;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.KernelImage;
import io.drover.proto.v1.ListTasksRequest;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.ListVmsResponse;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.UncordonHostRequest;
import io.drover.proto.v1.UploadFileRequest;
import io.drover.proto.v1.UserNetwork;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmBalloon;
import io.drover.proto.v1.VmConsoles;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmResources;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmWatchdog;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What requests are refused, and what a repeated one gets. */
final class RequestRulesTest {
    @TempDir
    private static Path data;
    private static Cloud cloud;

    @BeforeAll
    static void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        cloud.host("h1");
    }

    @AfterAll
    static void stop() {
        cloud.close();
    }

    private static CreateVmRequest off(String name) {
        return Cloud.creation(name).toBuilder().setVm(Vm.newBuilder().setSpec(Cloud.spec(1, 64 * Cloud.MIB))
                .setDesiredState(PowerState.POWER_STATE_STOPPED)).build();
    }

    @Test
    void repeatedRequestGetsTheSameTask() throws Exception {
        CreateVmRequest request = off("same-1").toBuilder().setRequestId(UUID.randomUUID().toString()).build();
        Task first = cloud.vms().createVm(request);
        Task second = cloud.vms().createVm(request);
        assertThat(second).isEqualTo(first);
        assertThat(first.getState()).isEqualTo(Task.State.SUCCEEDED);
        DeleteVmRequest delete = DeleteVmRequest.newBuilder().setName("vms/same-1").setRequestId(request.getRequestId())
                .build();
        Task gone = cloud.end(cloud.vms().deleteVm(delete));
        assertThat(cloud.vms().deleteVm(delete)).as("although the VM is not there any more").isEqualTo(gone);
    }

    @Test
    void requestIdOfAnotherRequestIsRefused() throws Exception {
        CreateVmRequest request = off("reuse-1").toBuilder().setRequestId(UUID.randomUUID().toString()).build();
        cloud.vms().createVm(request);
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(request.toBuilder().setVmId("reuse-2").build()));
        assertThat(refusal.reason()).isEqualTo("REQUEST_ID_REUSED");
        assertThat(refusal.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void allProblemsOfARequestAreToldAtOnce() throws Exception {
        CreateVmRequest request = CreateVmRequest.newBuilder().setVmId("-bad-").setRequestId("no uuid")
                .setVm(Vm.newBuilder().setSpec(VmSpec.newBuilder().setVcpus(0).setMemoryBytes(0).setImage("debian")
                        .setDriver("xen").setExtraCommandLine("two\nlines").addCpuFeatures("NOT A FLAG")))
                .build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(request));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        BadRequest bad = refusal.status().getDetails(1).unpack(BadRequest.class);
        assertThat(bad.getFieldViolationsList()).extracting(BadRequest.FieldViolation::getField)
                .containsExactlyInAnyOrder(
                        "vm_id", "request_id", "vm.spec.vcpus", "vm.spec.memory_bytes", "vm.spec.image",
                        "vm.spec.driver",
                        "vm.spec.extra_command_line", "vm.spec.cpu_features");
        assertThat(refusal.info().getMetadataOrThrow("next_step")).isNotEmpty();
    }

    @Test
    void everyProblemOfDisksIsToldWithItsField() throws Exception {
        VmDisk good = VmDisk.newBuilder().setName("root").setSizeBytes(1 << 20).build();
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().addDisks(good).addDisks(good)
                .addDisks(good.toBuilder().setName("Bad").setSizeBytes(1 << 20 | 1))
                .addDisks(good.toBuilder().setName("none").clearSizeBytes())
                .addDisks(good.toBuilder().setName("odd").setImage("debian").setSerial("has a blank")
                        .setCacheModeValue(9))
                .addDisks(good.toBuilder().setName("same").setSerial("root")).build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("disks-1", spec)));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        BadRequest bad = refusal.status().getDetails(1).unpack(BadRequest.class);
        assertThat(bad.getFieldViolationsList()).extracting(BadRequest.FieldViolation::getField)
                .containsExactlyInAnyOrder("vm.spec.disks[1].name", "vm.spec.disks[1].serial", "vm.spec.disks[2].name",
                        "vm.spec.disks[2].size_bytes", "vm.spec.disks[3].size_bytes", "vm.spec.disks[4].image",
                        "vm.spec.disks[4].serial", "vm.spec.disks[4].cache_mode", "vm.spec.disks[5].serial");

        VmSpec.Builder many = Cloud.spec(1, 64 * Cloud.MIB).toBuilder();
        for (int i = 0; i < 17; i++) {
            many.addDisks(good.toBuilder().setName("d" + i));
        }
        assertThat(Refusals.of(() -> cloud.vms().createVm(Cloud.creation("disks-2", many.build()))).status()
                .getMessage()).contains("17 disks (expected: at most 16)");
    }

    @Test
    void everyProblemOfNicsIsToldWithItsField() throws Exception {
        UserNetwork user = UserNetwork.newBuilder()
                .addForwards(PortForward.newBuilder().setHostPort(80).setGuestPort(80))
                .build();
        VmNic good = VmNic.newBuilder().setName("lan").setBridge(BridgeNetwork.newBuilder().setBridge("br0")).build();
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setDriver("qemu")
                .addNics(VmNic.newBuilder().setName("one").setUser(user).setMtuBytes(65_521).setQueuePairs(2))
                .addNics(VmNic.newBuilder().setName("two").setUser(user.toBuilder()
                        .addForwards(PortForward.newBuilder().setHostAddress("localhost").setGuestPort(65_536))))
                .addNics(good.toBuilder().setMac("53:54:00:00:00:01")
                        .setReceiveRate(FrameRate.newBuilder().setFramesPerSecond(1)))
                .addNics(good.toBuilder().setBridge(BridgeNetwork.newBuilder().setBridge("a bridge")).setMtuBytes(67))
                .build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("nics-1", spec)));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        BadRequest bad = refusal.status().getDetails(1).unpack(BadRequest.class);
        assertThat(bad.getFieldViolationsList()).extracting(BadRequest.FieldViolation::getField)
                .containsExactlyInAnyOrder("vm.spec.nics[0].mtu_bytes", "vm.spec.nics[0].queue_pairs",
                        "vm.spec.nics[1].user.forwards[0].host_port", "vm.spec.nics[1].user.forwards[1].host_address",
                        "vm.spec.nics[1].user.forwards[1].host_port", "vm.spec.nics[1].user.forwards[1].guest_port",
                        "vm.spec.nics[2].mac", "vm.spec.nics[2].receive_rate", "vm.spec.nics[3].bridge.bridge",
                        "vm.spec.nics[3].mtu_bytes");

        VmSpec twice = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().addNics(good.toBuilder().setMac("52:54:00:00:00:01"))
                .addNics(good.toBuilder().setMac("52:54:00:00:00:01")).addNics(VmNic.newBuilder().setName("none"))
                .addNics(good.toBuilder().setName("third")).addNics(good.toBuilder().setName("fourth")).build();
        Refusals second = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("nics-2", twice)));
        assertThat(second.status().getDetails(1).unpack(BadRequest.class).getFieldViolationsList())
                .extracting(BadRequest.FieldViolation::getField).containsExactlyInAnyOrder("vm.spec.nics",
                        "vm.spec.nics[1].name", "vm.spec.nics[1].mac", "vm.spec.nics[2]");
    }

    @Test
    void watchdogWithoutAnActionIsRefused() {
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setWatchdog(VmWatchdog.getDefaultInstance()).build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("dog-1", spec)));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.status().getMessage()).contains("vm.spec.watchdog.action", "RESET or POWER_OFF");
    }

    @Test
    void resourcesThatNoHostCouldGiveAreRefusedTogether() throws Exception {
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setBalloon(VmBalloon.getDefaultInstance())
                .setResources(VmResources.newBuilder().setHugePages(VmResources.HugePages.HUGE_1G).setNumaNode(4096)
                        .setNumaAuto(true).setCpuLimitMillis(5).setCpuWeight(20_000))
                .build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("res-1", spec)));
        assertThat(refusal.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.status().getDetails(1).unpack(BadRequest.class).getFieldViolationsList())
                .extracting(BadRequest.FieldViolation::getField).containsExactly("vm.spec.resources.huge_pages",
                        "vm.spec.resources.huge_pages", "vm.spec.resources.numa_node",
                        "vm.spec.resources.numa_auto", "vm.spec.resources.numa_auto",
                        "vm.spec.resources.cpu_limit_millis", "vm.spec.resources.cpu_weight");
    }

    @Test
    void vmThatNoHostHasTheResourcesForWaitsAndSaysWhatIsMissing() throws Exception {
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder()
                .setResources(VmResources.newBuilder().setCpuLimitMillis(1500)).build();
        Placement placement = cloud.vms()
                .explainPlacement(ExplainPlacementRequest.newBuilder().setSpec(spec).build());
        assertThat(placement.getHost()).isEmpty();
        assertThat(placement.getRejectedList()).extracting(Placement.FilterCount::getFilter).contains("resources");
        assertThat(placement.getNearestMiss()).contains("lacks the resource limits");
    }

    @Test
    void diskThatCannotBeginAsItsImageIsRefused() throws Exception {
        cloud.diskImage("big", new byte[2 << 20]);
        VmDisk disk = VmDisk.newBuilder().setName("root").setImage("images/big").setSizeBytes(1 << 20).build();
        VmSpec.Builder spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder();
        assertThat(Refusals.of(() -> cloud.vms().createVm(Cloud.creation("d-1", spec.addDisks(disk).build()))).status()
                .getMessage()).contains("vm.spec.disks[0].size_bytes", "at least 2097152");
        Refusals kernel = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("d-2", spec.clearDisks()
                .addDisks(disk.toBuilder().setImage("images/debian")).build())));
        assertThat(kernel.reason()).isEqualTo("IMAGE_NOT_A_DISK");
        Refusals none = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("d-3", spec.clearDisks()
                .addDisks(disk.toBuilder().setImage("images/gone")).build())));
        assertThat(none.code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void takenNameUnknownImageAndUnknownVmAreRefused() throws Exception {
        cloud.vms().createVm(off("taken-1"));
        Refusals taken = Refusals.of(() -> cloud.vms().createVm(off("taken-1")));
        assertThat(taken.code()).isEqualTo(Status.Code.ALREADY_EXISTS);
        assertThat(taken.info().getMetadataOrThrow("resource")).isEqualTo("vms/taken-1");
        Refusals image = Refusals.of(() -> cloud.vms().createVm(
                Cloud.creation("x", Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setImage("images/none").build())));
        assertThat(image.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(image.info().getMetadataOrThrow("resource")).isEqualTo("images/none");
        assertThat(Refusals.of(() -> cloud.vms().getVm(GetVmRequest.newBuilder().setName("vms/none").build())).code())
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void everyProblemOfSocketsAndConsolesIsToldWithItsField() throws Exception {
        VmSpec spec = Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setDriver("qemu").setVsock(true)
                .setConsoles(VmConsoles.newBuilder().setKindValue(7).addPorts("a").addPorts("a").addPorts("../b"))
                .build();
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(Cloud.creation("sockets-1", spec)));
        BadRequest bad = refusal.status().getDetails(1).unpack(BadRequest.class);
        assertThat(bad.getFieldViolationsList()).extracting(BadRequest.FieldViolation::getField)
                .containsExactlyInAnyOrder("vm.spec.vsock", "vm.spec.consoles.kind", "vm.spec.consoles.ports",
                        "vm.spec.consoles.ports");
        assertThat(bad.toString()).contains("the driver qemu has no vsock");
    }

    @Test
    void validateOnlyChangesNothing() throws Exception {
        Task task = cloud.vms().createVm(off("dry-1").toBuilder().setValidateOnly(true).build());
        assertThat(task.getName()).isEmpty();
        assertThat(Refusals.of(() -> cloud.vm("dry-1")).code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void pagesAreStableAndTokensAreChecked() throws Exception {
        for (int i = 0; i < 7; i++) {
            cloud.vms().createVm(off("page-" + i));
        }
        String filter = "name : \"page-\" AND state = STOPPED";
        List<String> names = new ArrayList<>();
        ListVmsRequest request = ListVmsRequest.newBuilder().setPageSize(3).setFilter(filter).build();
        ListVmsResponse page = cloud.vms().listVms(request);
        String token = page.getNextPageToken();
        cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/page-2").build()));
        while (true) {
            page.getVmsList().forEach(vm -> names.add(vm.getName()));
            if (page.getNextPageToken().isEmpty()) {
                break;
            }
            page = cloud.vms().listVms(request.toBuilder().setPageToken(page.getNextPageToken()).build());
        }
        assertThat(names).containsExactly("vms/page-0", "vms/page-1", "vms/page-2", "vms/page-3", "vms/page-4",
                "vms/page-5",
                "vms/page-6");
        assertThat(page.getTotalSize()).isEqualTo(6);
        assertThat(Refusals.of(() -> cloud.vms().listVms(ListVmsRequest.newBuilder().setPageToken(token).build()))
                .message())
                .contains("page_token");
        assertThat(Refusals.of(() -> cloud.vms().listVms(ListVmsRequest.newBuilder().setPageSize(1_001).build()))
                .message())
                .contains("page_size");
        assertThat(Refusals.of(() -> cloud.vms().listVms(ListVmsRequest.newBuilder().setFilter("colour = red").build()))
                .message())
                .contains("colour = red").contains("[driver, host, image, name, state]");
    }

    @Test
    void tasksAreListedTheNewestFirst() throws Exception {
        cloud.vms().createVm(off("listed-1"));
        cloud.vms().createVm(off("listed-2"));
        var tasks = cloud.tasks()
                .listTasks(ListTasksRequest.newBuilder().setPageSize(1).setFilter("method = CreateVm").build());
        assertThat(tasks.getTasksList()).extracting(Task::getTarget).containsExactly("vms/listed-2");
        assertThat(tasks.getNextPageToken()).isNotEmpty();
    }

    @Test
    void damagedUploadIsRefusedAndAFileMayBeSentTwice() throws Exception {
        byte[] bytes = {1, 2, 3};
        Refusals refusal = Refusals.of(() -> {
            var call = cloud.images().uploadFile();
            call.write(UploadFileRequest.newBuilder()
                    .setFile(ImageFile.newBuilder().setSha256(Sha256.of(new byte[3]).hex()).setSizeBytes(3)).build());
            call.write(UploadFileRequest.newBuilder().setData(ByteString.copyFrom(bytes)).build());
            call.halfClose();
            call.read();
        });
        assertThat(refusal.code()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(cloud.upload(bytes)).isEqualTo(cloud.upload(bytes));
    }

    @Test
    void imageNeedsItsFilesAndStaysWhileAVmUsesIt() throws Exception {
        ImageFile nowhere = ImageFile.newBuilder().setSha256(Sha256.of(new byte[] {9}).hex()).build();
        Refusals missing = Refusals.of(() -> cloud.images()
                .createImage(CreateImageRequest.newBuilder().setImageId("nofile")
                        .setImage(Image.newBuilder().setKernelImage(KernelImage.newBuilder().setKernel(nowhere)))
                        .build()));
        assertThat(missing.reason()).isEqualTo("FILE_MISSING");
        cloud.vms().createVm(off("user-1"));
        Refusals used = Refusals
                .of(() -> cloud.images().deleteImage(DeleteImageRequest.newBuilder().setName("images/debian").build()));
        assertThat(used.reason()).isEqualTo("IMAGE_IN_USE");
        assertThat(used.message()).contains("vms/");
    }

    @Test
    void diskImageIsRegisteredButNothingBootsFromIt() throws Exception {
        ImageFile file = cloud.upload(new byte[] {4, 2});
        CreateImageRequest request = CreateImageRequest.newBuilder().setImageId("disk")
                .setRequestId(UUID.randomUUID().toString())
                .setImage(Image.newBuilder()
                        .setDiskImage(DiskImage.newBuilder().setFile(file).setFormat(DiskImage.Format.QCOW2)))
                .build();
        assertThat(cloud.images().createImage(request)).isEqualTo(cloud.images().createImage(request));
        Refusals refusal = Refusals.of(() -> cloud.vms().createVm(
                Cloud.creation("x", Cloud.spec(1, 64 * Cloud.MIB).toBuilder().setImage("images/disk").build())));
        assertThat(refusal.reason()).isEqualTo("IMAGE_NOT_BOOTABLE");
        cloud.images().deleteImage(DeleteImageRequest.newBuilder().setName("images/disk").build());
    }

    @Test
    void cordonedHostTakesNoVm() throws Exception {
        Host host = cloud.hosts().cordonHost(CordonHostRequest.newBuilder().setName("hosts/h1").build());
        try {
            assertThat(host.getCordoned()).isTrue();
            var placement = Eventually.get(() -> cloud.vms().explainPlacement(
                    ExplainPlacementRequest.newBuilder().setSpec(Cloud.spec(1, 64 * Cloud.MIB)).build()),
                    p -> p.getHost().isEmpty());
            assertThat(placement.getNearestMiss()).contains("h1").contains("cordoned");
        } finally {
            cloud.hosts().uncordonHost(UncordonHostRequest.newBuilder().setName("hosts/h1").build());
        }
    }
}
