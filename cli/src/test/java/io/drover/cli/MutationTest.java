package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import com.google.rpc.Code;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.HaPolicy;
import io.drover.proto.v1.DeleteHostRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.SuspendVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.UploadFileRequest;
import io.drover.proto.v1.UserNetwork;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmConsoles;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmResources;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.VmWatchdog;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands that change something ask for, wait for and answer. */
class MutationTest {
    private static final String UUID_LIKE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.vms.put("vms/web-1", OutputTest.running());
        controller.vms.put("vms/big", OutputTest.pending());
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void createSendsAllThatWasSaidAndWaits() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--vcpus", "2", "--memory", "512M", "--driver",
                "kvm", "--selector", "rack=r1", "--selector", "ssd=yes", "--cpu-feature", "avx2", "--append", "quiet"))
                .as(run.err()).isZero();
        CreateVmRequest request = controller.request(CreateVmRequest.class);
        assertThat(request.getVmId()).isEqualTo("web-1");
        assertThat(request.getRequestId()).matches(UUID_LIKE);
        assertThat(request.getVm().getDesiredState()).isEqualTo(PowerState.POWER_STATE_RUNNING);
        assertThat(request.getVm().getSpec()).hasToString("""
                vcpus: 2
                memory_bytes: 536870912
                image: "images/debian"
                extra_command_line: "quiet"
                driver: "kvm"
                host_selector {
                  key: "rack"
                  value: "r1"
                }
                host_selector {
                  key: "ssd"
                  value: "yes"
                }
                cpu_features: "avx2"
                """);
        assertThat(run.out()).isEqualTo("created web-1: RUNNING on h1 (kvm)\n");
    }

    @Test
    void balloonAndWatchdogAreSentAsTheyWereSaid() {
        assertThat(CommandRun.against(controller).run("vm", "create", "web-1", "--image", "debian", "--balloon",
                "--watchdog", "poweroff")).isZero();
        VmSpec spec = controller.request(CreateVmRequest.class).getVm().getSpec();
        assertThat(spec.hasBalloon()).isTrue();
        assertThat(spec.getWatchdog().getAction()).isEqualTo(VmWatchdog.Action.POWER_OFF);

        CommandRun wrong = CommandRun.against(controller);
        assertThat(wrong.run("vm", "create", "web-2", "--image", "debian", "--watchdog", "bark")).isEqualTo(1);
        assertThat(wrong.err()).contains("'bark' (expected: reset or poweroff)");
    }

    @Test
    void resourcesAreSentAsTheyWereSaid() {
        assertThat(CommandRun.against(controller).run("vm", "create", "web-1", "--image", "debian", "--huge-pages",
                "2M",
                "--prefault", "--numa-node", "auto", "--dedicated-cpus", "--cpu-limit", "1.5", "--cpu-weight", "50"))
                .isZero();
        assertThat(controller.request(CreateVmRequest.class).getVm().getSpec().getResources())
                .isEqualTo(VmResources.newBuilder().setHugePages(VmResources.HugePages.HUGE_2M).setPrefault(true)
                        .setNumaAuto(true).setDedicatedCpus(true).setCpuLimitMillis(1500).setCpuWeight(50).build());

        CommandRun size = CommandRun.against(controller);
        assertThat(size.run("vm", "create", "web-3", "--image", "debian", "--huge-pages", "4M")).isEqualTo(1);
        assertThat(size.err()).contains("'4M' (expected: 2M or 1G)");
        CommandRun limit = CommandRun.against(controller);
        assertThat(limit.run("vm", "create", "web-3", "--image", "debian", "--cpu-limit", "1.0001")).isEqualTo(1);
        assertThat(limit.err()).contains("'1.0001' (expected: CPUs such as 1.5");
        CommandRun node = CommandRun.against(controller);
        assertThat(node.run("vm", "create", "web-3", "--image", "debian", "--numa-node", "left")).isEqualTo(1);
        assertThat(node.err()).contains("'left' (expected: a number or auto)");
    }

    @Test
    void haPolicyIsSentAsItWasSaid() {
        assertThat(CommandRun.against(controller).run("vm", "create", "web-1", "--image", "debian", "--ha", "restart"))
                .isZero();
        assertThat(controller.request(CreateVmRequest.class).getVm().getSpec().getHaPolicy())
                .isEqualTo(HaPolicy.HA_POLICY_RESTART);
        CommandRun wrong = CommandRun.against(controller);
        assertThat(wrong.run("vm", "create", "web-2", "--image", "debian", "--ha", "always")).isEqualTo(1);
        assertThat(wrong.err()).contains("always");
    }

    @Test
    void disksAreSentAsTheyWereSaid() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--disk", "name=root,image=bookworm,size=20G",
                "--disk", "name=data,size=1G,readonly,serial=S-1,cache=write-through")).isZero();
        assertThat(controller.request(CreateVmRequest.class).getVm().getSpec().getDisksList()).containsExactly(
                VmDisk.newBuilder().setName("root").setImage("images/bookworm").setSizeBytes(20L << 30).build(),
                VmDisk.newBuilder().setName("data").setSizeBytes(1L << 30).setReadOnly(true).setSerial("S-1")
                        .setCacheMode(VmDisk.CacheMode.WRITE_THROUGH).build());
    }

    @Test
    void socketsAndConsolesAreSentAsTheyWereSaid() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--vsock", "--console", "virtio", "--port",
                "org.qemu.guest_agent.0", "--port", "b")).as(run.err()).isZero();
        VmSpec spec = controller.request(CreateVmRequest.class).getVm().getSpec();
        assertThat(spec.getVsock()).isTrue();
        assertThat(spec.getConsoles()).isEqualTo(VmConsoles.newBuilder().setKind(VmConsoles.Kind.VIRTIO)
                .addPorts("org.qemu.guest_agent.0").addPorts("b").build());
    }

    @Test
    void seedIsADiskOfTheVmAndGoesWithIt(@TempDir Path folder) throws IOException {
        Path key = Files.writeString(folder.resolve("id.pub"), "# mine\nssh-ed25519 AAAAC3Nz me@here\n");
        Path script = Files.writeString(folder.resolve("setup"), "#!/bin/sh\necho hello\n");
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--disk", "name=root,image=bookworm",
                "--hostname", "web.example.org", "--ssh-key", key.toString(), "--user-data", script.toString()))
                .as(run.err()).isZero();

        CreateImageRequest image = controller.request(CreateImageRequest.class);
        assertThat(image.getImageId()).matches("web-1-seed-[0-9a-f]{8}");
        byte[] seed = controller.files.get(image.getImage().getDiskImage().getFile().getSha256());
        assertThat(new String(seed, StandardCharsets.UTF_8)).contains("local-hostname: \"web.example.org\"",
                "  - \"ssh-ed25519 AAAAC3Nz me@here\"", "#!/bin/sh\necho hello\n");
        Vm vm = controller.request(CreateVmRequest.class).getVm();
        assertThat(vm.getSpec().getDisks(1)).isEqualTo(VmDisk.newBuilder().setName("seed")
                .setImage("images/" + image.getImageId()).setReadOnly(true).build());

        controller.vms.put("vms/web-1", vm.toBuilder().setName("vms/web-1").build());
        controller.images.put("images/" + image.getImageId(), image.getImage());
        assertThat(CommandRun.against(controller).run("vm", "delete", "web-1")).isZero();
        assertThat(controller.request(DeleteImageRequest.class).getName()).isEqualTo("images/" + image.getImageId());
    }

    @Test
    void seedOfAVmThatWasNotCreatedIsGone() {
        controller.fail("CreateVm", Code.ALREADY_EXISTS, "VM_EXISTS", "there is a VM web-1", Map.of());
        assertThat(CommandRun.against(controller).run("vm", "create", "web-1", "--image", "debian", "--hostname", "h"))
                .isEqualTo(3);
        assertThat(controller.request(DeleteImageRequest.class).getName()).matches("images/web-1-seed-[0-9a-f]{8}");
    }

    @Test
    void whatCannotBeASeedIsRefusedBeforeAnythingIsSent(@TempDir Path folder) throws IOException {
        Path key = Files.writeString(folder.resolve("id"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        assertThat(refusedSeed("--ssh-key", key.toString())).contains("is a private key", "--ssh-key " + key + ".pub");
        assertThat(refusedSeed("--ssh-key", folder.resolve("none").toString())).contains("cannot be read");
        assertThat(refusedSeed("--hostname", "a b")).contains("host name : 'a b'");
        assertThat(refusedSeed("--password-hash", "secret")).contains("openssl passwd -6");
        assertThat(controller.requests).isEmpty();
    }

    private String refusedSeed(String... options) {
        CommandRun run = CommandRun.against(controller);
        List<String> words = new ArrayList<>(List.of("vm", "create", "web-1", "--image", "debian"));
        words.addAll(List.of(options));
        assertThat(run.run(words.toArray(String[]::new))).isEqualTo(1);
        return run.err();
    }

    @Test
    void buildIsNotBegunWhenItsNameIsTaken() {
        controller.images.put("images/debian-disk", Image.getDefaultInstance());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("image", "build", "debian")).isEqualTo(3);
        assertThat(run.err()).contains("there is an image debian-disk already");
    }

    @Test
    void whatCannotBeBuiltIsRefused() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("image", "build", "debian", "--size", "1M", "--name", "d")).isEqualTo(1);
        assertThat(run.err()).contains("size : 1048576 (expected: 640M to 8T, a multiple of 1M)");
    }

    @Test
    void whatIsNoDiskIsRefusedSayingWhy() {
        assertThat(refusedDisk("image=debian")).contains("it has no name");
        assertThat(refusedDisk("name=root")).contains("it has neither an image nor a size");
        assertThat(refusedDisk("name=root,size=many")).contains("'many' is no size");
        assertThat(refusedDisk("name=root,size=1G,size=2G")).contains("'size' is there twice");
        assertThat(refusedDisk("name=root,size=1G,cache=none")).contains("'none' is no cache mode");
        assertThat(refusedDisk("name=root,size=1G,colour=red")).contains("'colour' is none of its parts");
    }

    private String refusedDisk(String disk) {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--disk", disk)).isEqualTo(1);
        return run.err();
    }

    @Test
    void nicsAreSentAsTheyWereSaid() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--nic",
                "user,forward=tcp:8080:80,forward=udp:127.0.0.1:5353:53,forward=22:22", "--nic",
                "bridge=br0,name=lan,mac=52:54:00:12:34:56,mtu=9000,queues=2,receive=10M,send=1M,send-frames=500"))
                .as(run.err()).isZero();
        PortForward ssh = PortForward.newBuilder().setProtocol(PortForward.Protocol.TCP).setHostPort(22)
                .setGuestPort(22).build();
        assertThat(controller.request(CreateVmRequest.class).getVm().getSpec().getNicsList()).containsExactly(
                VmNic.newBuilder().setName("net0").setUser(UserNetwork.newBuilder()
                        .addForwards(ssh.toBuilder().setHostPort(8080).setGuestPort(80))
                        .addForwards(ssh.toBuilder().setProtocol(PortForward.Protocol.UDP).setHostAddress("127.0.0.1")
                                .setHostPort(5353).setGuestPort(53))
                        .addForwards(ssh)).build(),
                VmNic.newBuilder().setName("lan").setBridge(BridgeNetwork.newBuilder().setBridge("br0"))
                        .setMac("52:54:00:12:34:56").setMtuBytes(9000).setQueuePairs(2)
                        .setReceiveRate(FrameRate.newBuilder().setBytesPerSecond(10 << 20))
                        .setSendRate(FrameRate.newBuilder().setBytesPerSecond(1 << 20).setFramesPerSecond(500))
                        .build());
    }

    @Test
    void whatIsNoNicIsRefusedSayingWhy() {
        assertThat(refusedNic("name=net0")).contains("it is joined to no network");
        assertThat(refusedNic("user,bridge=br0")).contains("it is joined to two networks");
        assertThat(refusedNic("bridge=br0,forward=80:80")).contains("only a user network forwards ports");
        assertThat(refusedNic("user,forward=sctp:80:80")).contains("'sctp:80:80' is no forward");
        assertThat(refusedNic("user,mtu=big")).contains("'big' is no number");
        assertThat(refusedNic("user,mac=a,mac=b")).contains("'mac' is there twice");
        assertThat(refusedNic("user,colour=red")).contains("'colour' is none of its parts");
    }

    private String refusedNic(String nic) {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian", "--nic", nic)).isEqualTo(1);
        return run.err();
    }

    @Test
    void noStartOnlyRecords() {
        CommandRun.against(controller).run("vm", "create", "web-1", "--image", "debian", "--no-start", "--request-id",
                "r-1");
        CreateVmRequest request = controller.request(CreateVmRequest.class);
        assertThat(request.getVm().getDesiredState()).isEqualTo(PowerState.POWER_STATE_STOPPED);
        assertThat(request.getRequestId()).isEqualTo("r-1");
    }

    @Test
    void detachAnswersTheTaskAtOnce() {
        controller.nextTask = Optional.of(running("tasks/t-9", "vms/web-1"));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "start", "web-1", "--detach", "-o", "name")).isZero();
        assertThat(run.out()).isEqualTo("tasks/t-9\n");
    }

    @Test
    void waitThatEndsWhilePendingIsCannotBePlaced() {
        controller.nextTask = Optional.of(running("tasks/t-9", "vms/big"));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "big", "--image", "debian", "--timeout", "0")).isEqualTo(2);
        assertThat(run.err()).contains("error: VM big is not running",
                "why:  still waiting after 0s: no host fits: memory: 2",
                "next: the task goes on; follow it with `drover task wait t-9`, end it with `drover task cancel t-9`");
    }

    @Test
    void waitThatEndsOtherwiseIsTimedOut() {
        controller.nextTask = Optional.of(running("tasks/t-9", "vms/web-1"));
        assertThat(CommandRun.against(controller).run("vm", "stop", "web-1", "--timeout", "0")).isEqualTo(6);
    }

    @Test
    void failedTaskTellsItsReason() {
        controller.nextTask = Optional.of(running("tasks/t-9", "vms/web-1").toBuilder().setState(Task.State.FAILED)
                .setError(FakeController.status(Code.ABORTED, "START_FAILED", "the kernel cannot be read",
                        Map.of("next_step", "add the image again")))
                .build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "start", "web-1")).isEqualTo(3);
        assertThat(run.err()).isEqualTo("""
                error: VM web-1 was not started
                  why:  the kernel cannot be read
                  next: add the image again
                """);
    }

    @Test
    void dryRunChangesNothing() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "new", "--image", "debian", "--dry-run")).isZero();
        assertThat(controller.request(CreateVmRequest.class).getValidateOnly()).isTrue();
        assertThat(run.out()).isEqualTo("new could be created; nothing was changed\n");
    }

    @Test
    void explainedDryRunWithoutAHostIsCannotBePlaced() {
        controller.placement = Placement.newBuilder().setHostsConsidered(3)
                .addRejected(Placement.FilterCount.newBuilder().setFilter("memory").setHosts(3))
                .setNearestMiss("h2 lacks 1 GiB")
                .build();
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "new", "--image", "debian", "--memory", "1T", "--dry-run", "--explain"))
                .isEqualTo(2);
        assertThat(controller.request(ExplainPlacementRequest.class).getSpec().getMemoryBytes()).isEqualTo(1L << 40);
        assertThat(run.out()).isEqualTo("""
                Placement  no host fits
                           0 of 3 hosts fit; rejected by memory: 3
                           nearest miss: h2 lacks 1 GiB
                """);
    }

    @Test
    void explainShowsTheDecisionThatWasTaken() {
        controller.vms.put("vms/web-1",
                OutputTest.running().toBuilder().setPlacement(Placement.newBuilder().setHost("hosts/h1")
                        .setDriver("kvm").setScore(0.75).setHostsConsidered(2).setHostsFeasible(2)).build());
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "create", "web-1", "--image", "debian", "--explain");
        assertThat(run.out()).isEqualTo("""
                Placement  h1 with kvm, score 0.750
                           2 of 2 hosts fit
                created web-1: RUNNING on h1 (kvm)
                """);
    }

    @Test
    void pauseToDiskSuspendsAndAStartGoesOnUnlessToldToDiscard() {
        controller.vms.put("vms/web-1", OutputTest.running().toBuilder().setState(VmState.VM_STATE_SUSPENDED)
                .clearHost().setSavedHost("hosts/h1").build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "pause", "--to-disk", "web-1")).as(run.err()).isZero();
        assertThat(controller.request(SuspendVmRequest.class).getName()).isEqualTo("vms/web-1");
        assertThat(run.out()).isEqualTo("paused web-1: SUSPENDED\n");
        assertThat(CommandRun.against(controller).run("vm", "pause", "web-1")).as("--to-disk is missing").isEqualTo(1);
        run.run("vm", "start", "web-1");
        assertThat(controller.request(StartVmRequest.class).getDiscardSaved()).isFalse();
        controller.requests.clear();
        run.run("vm", "start", "--discard-saved", "web-1");
        assertThat(controller.request(StartVmRequest.class).getDiscardSaved()).isTrue();
        CommandRun shown = CommandRun.against(controller);
        shown.run("vm", "get", "web-1");
        assertThat(shown.out()).containsPattern("State +SUSPENDED").containsPattern("Saved on +h1");
    }

    @Test
    void stopIsGracefulUnlessForced() {
        CommandRun.against(controller).run("vm", "stop", "web-1", "--grace", "1m30s");
        StopVmRequest graceful = controller.request(StopVmRequest.class);
        assertThat(graceful.getMode()).isEqualTo(StopVmRequest.Mode.GRACEFUL);
        assertThat(graceful.getGrace().getSeconds()).isEqualTo(90);
        controller.requests.clear();
        CommandRun.against(controller).run("vm", "stop", "web-1", "--force");
        assertThat(controller.request(StopVmRequest.class).getMode()).isEqualTo(StopVmRequest.Mode.FORCED);
        assertThat(controller.request(StopVmRequest.class).hasGrace()).isFalse();
    }

    @Test
    void hostIsDeletedAndOnlyByForceIfSaidSo() {
        controller.hosts.put("hosts/h1", Host.newBuilder().setName("hosts/h1").build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("host", "delete", "h1")).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("deleted h1\n");
        DeleteHostRequest asked = controller.request(DeleteHostRequest.class);
        assertThat(asked.getForce()).isFalse();
        assertThat(asked.getRequestId()).isNotEmpty();
        controller.requests.clear();
        run = CommandRun.against(controller);
        assertThat(run.run("host", "delete", "h1", "--force", "-o", "name")).isZero();
        assertThat(run.out()).isEqualTo("hosts/h1\n");
        assertThat(controller.request(DeleteHostRequest.class).getForce()).isTrue();
        controller.fail("DeleteHost", Code.FAILED_PRECONDITION, "HOST_ALIVE", "hosts/h1 has a session",
                Map.of("next_step", "switch its machine off"));
        run = CommandRun.against(controller);
        assertThat(run.run("host", "delete", "h1")).isEqualTo(3);
        assertThat(run.err()).contains("error: host h1 was not deleted", "hosts/h1 has a session",
                "next: switch its machine off");
    }

    @Test
    void severalOfWhichSomeFailIsPartlyDone() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "delete", "web-1", "gone", "--force")).isEqualTo(7);
        assertThat(run.out()).isEqualTo("deleted web-1\n");
        assertThat(run.err()).contains("error: VM gone was not deleted", "next: list what there is");
        assertThat(controller.requests).filteredOn(DeleteVmRequest.class::isInstance).hasSize(2)
                .allMatch(request -> ((DeleteVmRequest) request).getForce());
    }

    @Test
    void severalOfWhichAllFailTellsTheFirst() {
        assertThat(CommandRun.against(controller).run("vm", "start", "gone", "lost")).isEqualTo(4);
    }

    @Test
    void severalRequestsFromOneIdDiffer() {
        CommandRun.against(controller).run("vm", "start", "web-1", "big", "--request-id", "r");
        List<String> ids = controller.requests.stream().filter(StartVmRequest.class::isInstance)
                .map(request -> ((StartVmRequest) request).getRequestId()).toList();
        assertThat(ids).hasSize(2).doesNotHaveDuplicates().doesNotContain("r");
        controller.requests.clear();
        CommandRun.against(controller).run("vm", "start", "web-1", "big", "--request-id", "r");
        assertThat(controller.requests.stream().filter(StartVmRequest.class::isInstance)
                .map(request -> ((StartVmRequest) request).getRequestId())).containsExactlyElementsOf(ids);
    }

    @Test
    void waitEndsWhenTheConditionIsMet() {
        controller.watch.addAll(List.of(event(WatchVmsResponse.Type.ADDED, OutputTest.pending(), "1"),
                WatchVmsResponse.newBuilder().setType(WatchVmsResponse.Type.SYNCED).setRevision("1").build(),
                event(WatchVmsResponse.Type.MODIFIED, OutputTest.pending().toBuilder().setName("vms/bigger")
                        .setState(VmState.VM_STATE_RUNNING).build(), "2"),
                event(WatchVmsResponse.Type.MODIFIED,
                        OutputTest.pending().toBuilder().setState(VmState.VM_STATE_RUNNING)
                                .setHost("hosts/h2").setHostReachable(true).setDriver("qemu").build(),
                        "3")));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "wait", "big", "--for", "state=running", "--timeout", "20s")).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("reached big: RUNNING on h2 (qemu)\n");
        assertThat(controller.request(WatchVmsRequest.class).getFilter()).isEqualTo("name : \"big\"");
    }

    @Test
    void waitForDeletionOfWhatIsGoneEndsAtOnce() {
        controller.watch
                .add(WatchVmsResponse.newBuilder().setType(WatchVmsResponse.Type.SYNCED).setRevision("1").build());
        assertThat(CommandRun.against(controller).run("vm", "wait", "gone", "--for", "deleted", "--timeout", "20s"))
                .isZero();
    }

    @Test
    void waitThatTakesTooLongTellsTheState() {
        controller.watch.add(event(WatchVmsResponse.Type.ADDED, OutputTest.pending(), "1"));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "wait", "big", "--for", "state=RUNNING", "--timeout", "1s")).isEqualTo(2);
        assertThat(run.err()).contains("after 1 s it is PENDING: no host fits: memory: 2");
    }

    @Test
    void watchThatIsTooOldBeginsAgain() {
        controller.fail("WatchVms", Code.OUT_OF_RANGE, "REVISION_TOO_OLD", "too old", Map.of());
        controller.watch.add(event(WatchVmsResponse.Type.ADDED, OutputTest.running(), "9"));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "watch", "--revision", "3", "--timeout", "1s", "-o", "json")).isZero();
        assertThat(controller.requests.stream().filter(WatchVmsRequest.class::isInstance)
                .map(request -> ((WatchVmsRequest) request).getRevision())).containsExactly("3", "");
        assertThat(run.out()).startsWith("{\"type\":\"ADDED\",\"vm\":{\"name\":\"vms/web-1\"").hasLineCount(1);
    }

    @Test
    void imageIsUploadedWithItsSha256(@TempDir Path folder) throws IOException {
        Path kernel = Files.write(folder.resolve("vmlinuz"), new byte[3 << 20]);
        Path initramfs = Files.writeString(folder.resolve("initrd"), "tiny");
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("image", "add", "debian", "--kernel", kernel.toString(), "--initramfs", initramfs.toString(),
                "--command-line", "console=ttyS0")).as(run.err()).isZero();
        CreateImageRequest request = controller.request(CreateImageRequest.class);
        String sha256 = request.getImage().getKernelImage().getKernel().getSha256();
        assertThat(sha256).isEqualTo(Hashing.sha256().hashBytes(new byte[3 << 20]).toString());
        assertThat(controller.files.get(sha256)).hasSize(3 << 20);
        assertThat(request.getImage().getKernelImage().getInitramfs().getFileName()).isEqualTo("initrd");
        assertThat(run.out()).isEqualTo("added debian\n");
    }

    @Test
    void fileThatIsThereIsNotSent(@TempDir Path folder) throws IOException {
        Path disk = Files.write(folder.resolve("disk.raw"), new byte[64 << 20]);
        controller.files.put(Hashing.sha256().hashBytes(new byte[64 << 20]).toString(), new byte[0]);
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("image", "add", "disk", "--disk", disk.toString(), "--format", "raw")).as(run.err())
                .isZero();
        assertThat(run.out()).isEqualTo("disk.raw is there already: not sent\nadded disk\n");
        assertThat(controller.requests).filteredOn(UploadFileRequest.class::isInstance).hasSize(1);
    }

    @Test
    void imageOfNothingClearIsRefused(@TempDir Path folder) {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("image", "add", "x", "--kernel", "k", "--disk", "d", "--format", "raw")).isEqualTo(1);
        assertThat(run.err()).contains("it is not clear what it is made of");
        assertThat(run.run("image", "add", "x", "--kernel", folder.resolve("none").toString())).isEqualTo(1);
        assertThat(run.err()).contains("error: cannot upload " + folder.resolve("none"), "why:  it cannot be read");
    }

    @Test
    void confirmationThatAHostIsOffWaitsForItsVmsToBeGivenUp() {
        controller.hosts.put("hosts/h1", Host.newBuilder().setName("hosts/h1").build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("host", "confirm-off", "h1")).as(run.err()).isZero();
        assertThat(controller.request(ConfirmHostOffRequest.class).getName()).isEqualTo("hosts/h1");
        assertThat(controller.request(ConfirmHostOffRequest.class).getRequestId()).matches(UUID_LIKE);
        assertThat(run.out()).isEqualTo("gave up the VMs of h1\n");
    }

    @Test
    void cordonSaysWhatItDid() {
        controller.hosts.put("hosts/h1", Host.newBuilder().setName("hosts/h1").build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("host", "cordon", "h1")).isZero();
        assertThat(run.run("host", "uncordon", "h1", "-o", "name")).isZero();
        assertThat(run.out()).isEqualTo("cordoned h1\nhosts/h1\n");
    }

    @Test
    void taskThatWasCancelledIsNoSuccess() {
        controller.tasks.put("tasks/t-3",
                running("tasks/t-3", "vms/web-1").toBuilder().setState(Task.State.CANCELLED).build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("task", "wait", "t-3")).isEqualTo(1);
        assertThat(run.err()).contains("the task tasks/t-3 was cancelled");
        assertThat(run.run("task", "cancel", "t-3")).isZero();
        assertThat(run.out()).isEqualTo("task t-3: CANCELLED\n");
    }

    @Test
    void logsArePrintedAsTheyAre() {
        controller.log = "a\r\nb";
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "logs", "web-1", "--vmm", "--tail", "1K")).isZero();
        assertThat(run.out()).isEqualTo("a\r\nb");
    }

    private static Task running(String name, String target) {
        return Task.newBuilder().setName(name).setMethod("CreateVm").setTarget(target).setState(Task.State.RUNNING)
                .build();
    }

    private static WatchVmsResponse event(WatchVmsResponse.Type type, Vm vm, String revision) {
        return WatchVmsResponse.newBuilder().setType(type).setVm(vm).setRevision(revision).build();
    }
}
