package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.KernelImage;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What lists and gets print, to the letter. */
class OutputTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.vms.put("vms/web-1", running());
        controller.vms.put("vms/big", pending());
        controller.vms.put("vms/old", failed());
        controller.hosts.put("hosts/h1", host());
        controller.hosts.put("hosts/h2", Host.newBuilder().setName("hosts/h2").setState(Host.State.AWAY)
                .setStateMessage("no session since 5 s").build());
        controller.images.put("images/debian", kernelImage());
        controller.images.put("images/disk",
                Image.newBuilder().setName("images/disk").setDiskImage(DiskImage.newBuilder()
                        .setFormat(DiskImage.Format.QCOW2)
                        .setFile(ImageFile.newBuilder().setSha256("f".repeat(64)).setSizeBytes(5 << 20)))
                        .build());
        controller.tasks.put("tasks/t-1",
                Task.newBuilder().setName("tasks/t-1").setMethod("CreateVm").setTarget("vms/big")
                        .setState(Task.State.RUNNING).setProgress("waits for a host").setCreateTime(FakeController.THEN)
                        .build());
        controller.tasks.put("tasks/t-2",
                Task.newBuilder().setName("tasks/t-2").setMethod("StartVm").setTarget("vms/old")
                        .setState(Task.State.FAILED).setCreateTime(FakeController.THEN)
                        .setEndTime(FakeController.THEN.toBuilder().setSeconds(FakeController.THEN.getSeconds() + 7))
                        .setError(FakeController.status(Code.INTERNAL, "VMM_FAILED", "the VMM died",
                                Map.of("resource", "vms/old")))
                        .build());
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void vmsAsTable() {
        assertThat(printed("vm", "list")).isEqualTo("""
                NAME   STATE    HOST  DRIVER  VCPUS  MEMORY   IMAGE   AGE  MESSAGE
                big    PENDING                64     512 GiB  debian  24h  no host fits: memory: 2
                old    FAILED                 1      256 MiB  debian  24h  the VMM died
                web-1  RUNNING  h1    kvm     2      512 MiB  debian  24h
                """);
    }

    @Test
    void vmsAsNames() {
        assertThat(printed("vm", "list", "-o", "name")).isEqualTo("vms/big\nvms/old\nvms/web-1\n");
    }

    @Test
    void vmAsDetails() {
        assertThat(printed("vm", "get", "old")).isEqualTo("""
                Name           old
                State          FAILED
                Message        the VMM died
                vCPUs          1
                Memory         256 MiB
                Image          debian
                In this state  24h
                Created        2025-06-15T15:06:40Z
                Last exit      VMM_FAILED: killed by signal 9
                Placement      no host fits
                               0 of 2 hosts fit; rejected by ready: 1, memory: 1
                               nearest miss: h1 lacks 100 MiB
                Epoch          3
                UID            u-1
                """);
    }

    @Test
    void vmAsJsonOfTheApi() {
        assertThat(printed("vm", "get", "vms/web-1", "-o", "json")).isEqualTo("""
                {
                  "name": "vms/web-1",
                  "spec": {
                    "vcpus": 2,
                    "memoryBytes": "536870912",
                    "image": "images/debian"
                  },
                  "state": "VM_STATE_RUNNING",
                  "host": "hosts/h1",
                  "hostReachable": true,
                  "driver": "kvm",
                  "createTime": "2025-06-15T15:06:40Z"
                }
                """);
    }

    @Test
    void vmAsYaml() {
        assertThat(printed("vm", "get", "web-1", "-o", "yaml")).isEqualTo("""
                name: vms/web-1
                spec:
                  vcpus: 2
                  memoryBytes: "536870912"
                  image: images/debian
                state: VM_STATE_RUNNING
                host: hosts/h1
                hostReachable: true
                driver: kvm
                createTime: "2025-06-15T15:06:40Z"
                """);
    }

    @Test
    void hostsAsTable() {
        assertThat(printed("host", "list")).isEqualTo("""
                NAME  STATE           DRIVERS  VMS  VCPUS  MEMORY           ADDRESS         UP   MESSAGE
                h1    READY,CORDONED  qemu     1    2/16   512 MiB/7.5 GiB  127.0.0.1:7071  24h
                h2    AWAY                     0    0/0    0 B/0 B                               no session since 5 s
                """);
    }

    @Test
    void hostTellsWhyADriverDoesNotWork() {
        assertThat(printed("host", "get", "h1")).contains("""
                Driver kvm   not usable: 1.5 million instructions/s: it only emulates
                Driver qemu  usable: QEMU 7.2
                """);
    }

    @Test
    void hostsAsJson() {
        assertThat(printed("host", "list", "--output", "json"))
                .startsWith("{\n  \"hosts\": [\n    {\n      \"name\": \"hosts/h1\",");
    }

    @Test
    void imagesAsTable() {
        assertThat(printed("image", "list")).isEqualTo("""
                NAME    KIND        SIZE    SHA256        AGE  DESCRIPTION
                debian  kernel      20 MiB  aaaaaaaaaaaa  24h  Debian 13
                disk    qcow2 disk  5 MiB   ffffffffffff
                """);
    }

    @Test
    void tasksAsTable() {
        assertThat(printed("task", "list")).isEqualTo("""
                NAME  METHOD    TARGET   STATE    AGE  TOOK  MESSAGE
                t-1   CreateVm  vms/big  RUNNING  24h        waits for a host
                t-2   StartVm   vms/old  FAILED   24h  7s    the VMM died
                """);
    }

    @Test
    void errorOfATaskIsReadableInJson() {
        assertThat(printed("task", "get", "t-2", "-o", "json")).contains(
                "\"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\"",
                "\"reason\": \"VMM_FAILED\"");
    }

    @Test
    void emptyListsSaySoOnStderrOnly() {
        controller.vms.clear();
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "list")).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEqualTo("no vms\n");
    }

    @Test
    void emptyListIsAListInJson() {
        controller.vms.clear();
        assertThat(printed("vm", "list", "-o", "json")).isEqualTo("{\n  \"vms\": []\n}\n");
    }

    @Test
    void coloursAreForTerminals() {
        CommandRun terminal = CommandRun.against(controller).onTerminal();
        terminal.run("vm", "list");
        assertThat(terminal.out()).contains("\033[32mRUNNING\033[0m");
        CommandRun noColor = CommandRun.against(controller).onTerminal().with("NO_COLOR", "1");
        noColor.run("vm", "list");
        assertThat(noColor.out()).doesNotContain("\033");
    }

    private String printed(String... arguments) {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run(arguments)).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        return run.out();
    }

    static Vm running() {
        return Vm.newBuilder().setName("vms/web-1").setSpec(spec(2, 512L << 20)).setState(VmState.VM_STATE_RUNNING)
                .setHost("hosts/h1").setHostReachable(true).setDriver("kvm").setCreateTime(FakeController.THEN).build();
    }

    static Vm pending() {
        return Vm.newBuilder().setName("vms/big").setSpec(spec(64, 512L << 30)).setState(VmState.VM_STATE_PENDING)
                .setStateMessage("no host fits: memory: 2").setCreateTime(FakeController.THEN).build();
    }

    private static Vm failed() {
        return Vm.newBuilder().setName("vms/old").setSpec(spec(1, 256L << 20)).setState(VmState.VM_STATE_FAILED)
                .setStateMessage("the VMM died").setCreateTime(FakeController.THEN).setStateTime(FakeController.THEN)
                .setEpoch(3)
                .setUid("u-1")
                .setLastExit(VmExit.newBuilder().setCause(VmExit.Cause.VMM_FAILED).setMessage("killed by signal 9"))
                .setPlacement(Placement.newBuilder().setHostsConsidered(2)
                        .addRejected(Placement.FilterCount.newBuilder().setFilter("ready").setHosts(1))
                        .addRejected(Placement.FilterCount.newBuilder().setFilter("memory").setHosts(1))
                        .setNearestMiss("h1 lacks 100 MiB"))
                .build();
    }

    private static VmSpec spec(int vcpus, long memoryBytes) {
        return VmSpec.newBuilder().setVcpus(vcpus).setMemoryBytes(memoryBytes).setImage("images/debian").build();
    }

    private static Host host() {
        return Host.newBuilder().setName("hosts/h1").setState(Host.State.READY).setCordoned(true)
                .setAllocatableVcpus(16)
                .setReservedVcpus(2).setAllocatableMemoryBytes(7_680L << 20).setReservedMemoryBytes(512L << 20)
                .setVms(1)
                .setAddress("127.0.0.1:7071").setStartTime(FakeController.THEN)
                .addDrivers(HostDriver.newBuilder().setName("kvm")
                        .setMessage("1.5 million instructions/s: it only emulates"))
                .addDrivers(HostDriver.newBuilder().setName("qemu").setUsable(true).setMessage("QEMU 7.2")).build();
    }

    private static Image kernelImage() {
        return Image.newBuilder().setName("images/debian").setDescription("Debian 13")
                .setCreateTime(FakeController.THEN)
                .setKernelImage(KernelImage.newBuilder()
                        .setKernel(ImageFile.newBuilder().setSha256("a".repeat(64)).setSizeBytes(12 << 20)
                                .setFileName("vmlinuz"))
                        .setInitramfs(ImageFile.newBuilder().setSha256("b".repeat(64)).setSizeBytes(8 << 20))
                        .setCommandLine("console=ttyS0"))
                .build();
    }
}
