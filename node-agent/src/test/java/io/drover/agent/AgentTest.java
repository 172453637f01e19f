package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.host.CpuList;
import io.drover.agent.process.ProcessTable;
import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Cluster;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.ObserveRequest;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole agent, with a real ZooKeeper and real guests under the qemu driver. */
@Timeout(120)
final class AgentTest {
    private static final String BANNER = "tiny guest of the agent's tests";
    private static Cluster cluster;

    @TempDir
    Path temp;

    private final List<StartVmRequest> started = new ArrayList<>();
    private Agent agent;
    private AgentClient client;
    private String host;
    private String kernel;

    @BeforeAll
    static void startCluster() throws Exception {
        cluster = new Cluster();
    }

    @AfterAll
    static void stopCluster() throws Exception {
        cluster.close();
    }

    @BeforeEach
    void startAgent() throws Exception {
        host = "h" + System.nanoTime();
        agent = new Agent(config(host, temp.resolve("data"), "qemu"), step -> {});
        client = new AgentClient(agent.start().agent());
        HostRecord.Driver qemu = cluster.host(host).orElseThrow().getDrivers(0);
        assumeTrue(qemu.getUsable(), qemu.getMessage());
        kernel = client.put(TinyGuest.withBanner(BANNER).elf());
    }

    @AfterEach
    void stopAgent() throws Exception {
        for (StartVmRequest vm : started) {
            if (client.everything().getVmsList().stream().anyMatch(seen -> seen.getUid().equals(vm.getUid()))) {
                var _ = client.stop(vm, Duration.ZERO);
                client.awaitEnd(vm.getUid());
            }
        }
        client.close();
        agent.close();
        try (Stream<Path> folders = Files.list(temp.toRealPath().resolve("data/vms"))) {
            assertThat(folders.flatMap(vm -> ProcessTable.withArgument(vm.resolve("run/qemu.pid").toString()).stream()))
                    .as("processes left behind").isEmpty();
        }
    }

    private static AgentConfig config(String host, Path data, String driver) throws BadConfigException {
        return config(host, data, driver, "qemu-system-x86_64");
    }

    private static AgentConfig config(String host, Path data, String driver, String qemu) throws BadConfigException {
        return AgentConfig.of(options(host, data, driver, qemu));
    }

    private static AgentOptions options(String host, Path data, String driver, String qemu) {
        AgentOptions options = new AgentOptions();
        options.host = Optional.of(host);
        options.zookeeper = Optional.of(cluster.connectString());
        options.zookeeperSession = "3";
        options.data = Optional.of(data.toString());
        options.drivers = List.of(driver);
        options.labels.put("rack", "r1");
        options.qemu = qemu;
        options.reserveMemory = "0";
        return options;
    }

    /** A VM that this host owns. */
    private StartVmRequest owned(String vm) throws Exception {
        cluster.own(vm, "uid-" + vm, host, 1);
        return request(vm);
    }

    private StartVmRequest request(String vm) {
        return StartVmRequest.newBuilder().setVm(vm).setUid("uid-" + vm).setEpoch(1).setOperationId("op-1")
                .setDriver("qemu")
                .setVcpus(1).setMemoryBytes(16L << 20).setKernelSha256(kernel).setCommandLine("console=ttyS0").build();
    }

    private VmObservation start(StartVmRequest request) {
        started.add(request);
        return client.start(request);
    }

    private Path folder(StartVmRequest vm) {
        return temp.resolve("data/vms").resolve(vm.getUid());
    }

    @Test
    void driverThatSavesNoGuestsSaysSo() throws Exception {
        StartVmRequest vm = owned("lasting");
        start(vm);

        assertThatThrownBy(() -> client.suspend(vm, "op-2")).isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("driver qemu does not save VMs to disk");
        StartVmRequest another = owned("another");
        assertThatThrownBy(() -> client.start(another.toBuilder().setSavedEpoch(1).build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("driver qemu does not save VMs to disk");
    }

    @Test
    void hostJoinsWithWhatItIsAndServes() throws Exception {
        HostRecord record = cluster.host(host).orElseThrow();

        assertThat(record.getFormat()).isEqualTo(1);
        assertThat(record.getLabelsMap()).containsEntry("rack", "r1");
        assertThat(record.getArchitecture()).isEqualTo("x86_64");
        assertThat(record.getCpuFeaturesList()).contains("sse2").isSorted();
        assertThat(record.getCpus()).isPositive();
        assertThat(record.getAllocatableVcpus()).isEqualTo(4 * record.getCpus());
        assertThat(record.getAllocatableMemoryBytes()).isEqualTo(record.getMemoryBytes());
        assertThat(record.getCordoned()).isFalse();
        assertThat(cluster.session(host).orElseThrow().getAddress()).startsWith("127.0.0.1:");
        HealthCheckResponse health = HealthGrpc.newBlockingStub(client.channel())
                .check(HealthCheckRequest.newBuilder().setService("drover.agent.v1.AgentService").build());
        assertThat(health.getStatus()).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }

    @Test
    void vmRunsIsObservedAndStopsWhenAsked() throws Exception {
        StartVmRequest vm = owned("web-1");
        VmObservation running = start(vm);
        assertThat(running.getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(running.getDriver()).isEqualTo("qemu");
        assertThat(running.getPid()).isPositive();
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            console.type("hello");
            console.await("hello");
            assertThat(client.stop(vm, Duration.ofSeconds(60)).getState()).isEqualTo(VmObservation.State.STOPPING);
            console.end().get(60, TimeUnit.SECONDS);
        }
        VmObservation end = client.awaitEnd(vm.getUid());

        assertThat(end.getExit().getCause()).isEqualTo(Exit.Cause.STOPPED);
        assertThat(client.log(vm.getUid(), ReadLogRequest.Log.CONSOLE, true)).contains(BANNER).contains("hello");
        client.remove(vm);
        assertThat(folder(vm)).doesNotExist();
        assertThat(client.everything().getVmsList()).isEmpty();
        client.remove(vm);
    }

    @Test
    void guestThatIgnoresTheButtonIsKilledAfterTheGrace() throws Exception {
        StartVmRequest vm = owned("deaf-1");
        start(vm);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            console.type(TinyGuest.TOGGLE_BUTTON);
            console.await(TinyGuest.IGNORING);
        }
        client.stop(vm, Duration.ofSeconds(1));

        VmObservation end = client.awaitEnd(vm.getUid());
        assertThat(end.getExit().getCause()).isEqualTo(Exit.Cause.KILLED);
        assertThat(end.getExit().getMessage()).contains("within 1 s");
    }

    @Test
    void forcedStopNeedsNoGuest() throws Exception {
        StartVmRequest vm = owned("spin-1");
        start(vm);
        client.stop(vm, Duration.ZERO);

        assertThat(client.awaitEnd(vm.getUid()).getExit().getCause()).isEqualTo(Exit.Cause.KILLED);
    }

    @Test
    void rebootedGuestIsStartedAgainUnderTheSameEpochAndItsConsoleGoesOn() throws Exception {
        StartVmRequest vm = owned("boot-1");
        start(vm);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            console.type(TinyGuest.REBOOT);
            VmObservation again = client.awaitVm(vm.getUid(),
                    seen -> seen.getReboots() == 1 && seen.getState() == VmObservation.State.RUNNING);
            assertThat(again.getEpoch()).isEqualTo(1);
            console.await("r\r\n" + BANNER + "\r\n");
            console.type("after");
            console.await("after");
            console.type("\n" + TinyGuest.POWER_OFF);
            assertThat(client.awaitEnd(vm.getUid()).getExit().getCause()).isEqualTo(Exit.Cause.GUEST_POWERED_OFF);
        }
    }

    @Test
    void panicEndsTheRun() throws Exception {
        StartVmRequest vm = owned("panic-1");
        start(vm);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            console.type(TinyGuest.PANIC);
            assertThat(client.awaitEnd(vm.getUid()).getExit().getCause()).isEqualTo(Exit.Cause.GUEST_PANICKED);
        }
    }

    @Test
    void startUnderTheSameEpochIsAnsweredWithWhatIsThere() throws Exception {
        StartVmRequest vm = owned("twice-1");
        VmObservation first = start(vm);

        assertThat(client.start(vm)).isEqualTo(first);
        client.stop(vm, Duration.ZERO);
        VmObservation end = client.awaitEnd(vm.getUid());
        assertThat(client.start(vm)).isEqualTo(end);
    }

    @Test
    void newEpochStartsAgainAndTheOldOneIsRefusedFromThen() throws Exception {
        StartVmRequest vm = owned("epoch-1");
        start(vm);
        cluster.own("epoch-1", vm.getUid(), host, 2);
        StartVmRequest second = vm.toBuilder().setEpoch(2).build();
        assertThat(start(second).getState()).isEqualTo(VmObservation.State.RUNNING);
        started.remove(vm);

        refused(() -> client.start(vm), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "epoch");
        refused(() -> client.stop(vm, Duration.ZERO), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "epoch");
        refused(() -> client.remove(vm), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "epoch");
    }

    @Test
    void vmThatTheHostDoesNotOwnIsRefused() throws Exception {
        cluster.own("other-1", "uid-other-1", "another-host", 1);
        refused(() -> client.start(request("other-1")), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "another-host");

        cluster.own("other-1", "uid-newer", host, 1);
        refused(() -> client.start(request("other-1")), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "uid-newer");

        cluster.own("other-1", "uid-other-1", host, 7);
        refused(() -> client.start(request("other-1")), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "epoch");

        cluster.disown("other-1", "uid-other-1");
        refused(() -> client.start(request("other-1")), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "no owner");

        refused(() -> client.start(request("nowhere-1")), Status.Code.FAILED_PRECONDITION, "NOT_OWNER", "no record");
        assertThat(client.everything().getVmsList()).isEmpty();
    }

    @Test
    void whatCannotBeIsRefusedWithItsReason() throws Exception {
        StartVmRequest vm = owned("bad-1");
        refused(() -> client.start(vm.toBuilder().setMemoryBytes(0).build()), Status.Code.INVALID_ARGUMENT,
                "BAD_REQUEST", "memory");
        refused(() -> client.start(vm.toBuilder().setVcpus(0).build()), Status.Code.INVALID_ARGUMENT, "BAD_REQUEST",
                "vcpus");
        refused(() -> client.start(vm.toBuilder().setUid("../x").build()), Status.Code.INVALID_ARGUMENT, "BAD_REQUEST",
                "uid");
        refused(() -> client.start(vm.toBuilder().setCommandLine("x".repeat(2048)).build()),
                Status.Code.INVALID_ARGUMENT,
                "BAD_REQUEST", "2048");
        refused(() -> client.start(owned("bad-2").toBuilder().setMemoryBytes(1L << 45).build()),
                Status.Code.RESOURCE_EXHAUSTED,
                "DOES_NOT_FIT",
                "memory");
        refused(() -> client.start(owned("bad-3").toBuilder().setDriver("kvm").build()),
                Status.Code.FAILED_PRECONDITION,
                "DRIVER_UNUSABLE",
                "kvm");
        refused(() -> client.start(vm.toBuilder().setKernelSha256("0".repeat(64)).build()),
                Status.Code.FAILED_PRECONDITION,
                "FILE_MISSING", "0000");
        String none = client.put("no kernel".getBytes(StandardCharsets.UTF_8));
        refused(() -> client.start(owned("bad-4").toBuilder().setKernelSha256(none).build()),
                Status.Code.INVALID_ARGUMENT,
                "UNBOOTABLE",
                "kernel");
        refused(() -> client.stop(vm, Duration.ZERO), Status.Code.NOT_FOUND, "VM_NOT_FOUND", vm.getUid());
        assertThat(client.everything().getVmsList()).isEmpty();
        assertThat(folder(vm)).doesNotExist();
    }

    @Test
    void startThatTheHostCannotMakeEndsAsTheHostsFault() throws Exception {
        Path broken = Files.writeString(temp.resolve("broken-qemu"), """
                #!/bin/sh
                [ "$1" = --version ] && echo "QEMU emulator version 9.9" && exit 0
                echo "cannot set up guest memory: Cannot allocate memory" >&2
                exit 1
                """);
        Files.setPosixFilePermissions(broken, PosixFilePermissions.fromString("rwxr-xr-x"));
        String name = "b" + System.nanoTime();
        try (Agent other = new Agent(config(name, temp.resolve("other"), "qemu", broken.toString()), step -> {});
                AgentClient its = new AgentClient(other.start().agent())) {
            cluster.own("faulty-1", "uid-faulty-1", name, 1);
            its.put(TinyGuest.withBanner(BANNER).elf());
            VmObservation ended = its.start(request("faulty-1"));
            assertThat(ended.getState()).isEqualTo(VmObservation.State.ENDED);
            assertThat(ended.getExit().getCause()).isEqualTo(Exit.Cause.HOST_FAILED);
            assertThat(ended.getExit().getMessage()).contains("Cannot allocate memory");
            assertThat(its.start(request("faulty-1"))).as("asked again under that epoch").isEqualTo(ended);
        }
    }

    @Test
    void startThatComesAfterItsRefusalIsRefusedToo() throws Exception {
        StartVmRequest vm = owned("late-1");
        refused(() -> client.start(vm.toBuilder().setMemoryBytes(1L << 45).build()), Status.Code.RESOURCE_EXHAUSTED,
                "DOES_NOT_FIT", "memory");
        refused(() -> client.start(vm), Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "memory");
        assertThat(folder(vm)).doesNotExist();
    }

    @Test
    void startThatComesAfterItsStopIsRefused() throws Exception {
        StartVmRequest vm = owned("late-2");
        refused(() -> client.stop(vm, Duration.ZERO), Status.Code.NOT_FOUND, "VM_NOT_FOUND", vm.getUid());
        refused(() -> client.start(vm), Status.Code.FAILED_PRECONDITION, "EPOCH_SPENT", "stopped before");
        assertThat(folder(vm)).doesNotExist();
    }

    @Test
    void runningVmIsNotRemoved() throws Exception {
        StartVmRequest vm = owned("runs-1");
        start(vm);

        refused(() -> client.remove(vm), Status.Code.FAILED_PRECONDITION, "VM_RUNS", "not ended");
    }

    @Test
    void vmsDoNotGetMoreThanTheHostHas() throws Exception {
        long half = cluster.host(host).orElseThrow().getAllocatableVcpus() / 2L + 1;
        StartVmRequest first = owned("big-1").toBuilder().setVcpus((int) half).build();
        StartVmRequest second = owned("big-2").toBuilder().setVcpus((int) half).build();
        start(first);
        refused(() -> client.start(second), Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "vCPU");
        client.stop(first, Duration.ZERO);
        client.awaitEnd(first.getUid());
        cluster.own("big-2", second.getUid(), host, 2);

        assertThat(start(second.toBuilder().setEpoch(2).build()).getState()).isEqualTo(VmObservation.State.RUNNING);
    }

    @Test
    void dedicatedCpuBelongsToOneVmAndTheOthersKeepOffIt() throws Exception {
        int cpus = cluster.host(host).orElseThrow().getCpus();
        assumeTrue(cpus >= 2, "skipped: needs two CPUs");
        int last = cpus - 1;
        agent.close();
        AgentOptions options = options(host, temp.resolve("data"), "qemu", "qemu-system-x86_64");
        options.dedicatedCpus = Integer.toString(last);
        agent = new Agent(AgentConfig.of(options), step -> {});
        client = new AgentClient(agent.start().agent());
        HostRecord record = cluster.host(host).orElseThrow();
        assertThat(record.getAllocatableVcpus()).isEqualTo(4 * last);
        assertThat(record.getResources().getDedicatedCpus()).isEqualTo(1);
        assertThat(record.getResources().getDedicatedCpuList()).isEqualTo(options.dedicatedCpus);

        StartVmRequest.Resources dedicated = StartVmRequest.Resources.newBuilder().setDedicatedCpus(true)
                .setNumaAuto(true).build();
        StartVmRequest first = owned("alone-1").toBuilder().setResources(dedicated).build();
        StartVmRequest second = owned("alone-2").toBuilder().setResources(dedicated).build();
        StartVmRequest other = owned("shared-1");
        long pid = start(first).getPid();
        refused(() -> client.start(second), Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "1 dedicated CPU");
        assertThat(allowed(pid, "CPU 0/TCG", "CPU 0/KVM")).containsExactly(Integer.toString(last));
        assertThat(allowed(start(other).getPid())).as("no thread of another VM has it")
                .allSatisfy(list -> assertThat(CpuList.parse(list)).doesNotContain(last));

        client.stop(first, Duration.ZERO);
        client.awaitEnd(first.getUid());
        cluster.own("alone-2", second.getUid(), host, 2);
        assertThat(start(second.toBuilder().setEpoch(2).build()).getState()).isEqualTo(VmObservation.State.RUNNING);
    }

    /** The CPUs of a process's threads of these names, or of all. */
    private static List<String> allowed(long pid, String... names) throws Exception {
        List<String> allowed = new ArrayList<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads.toList()) {
                if (names.length == 0 || List.of(names).contains(Files.readString(thread.resolve("comm")).strip())) {
                    Files.readAllLines(thread.resolve("status")).stream()
                            .filter(line -> line.startsWith("Cpus_allowed_list:"))
                            .forEach(line -> allowed.add(line.split("\t", -1)[1]));
                }
            }
        }
        return allowed;
    }

    @Test
    void whatTheHostCannotGiveIsRefusedByName() throws Exception {
        StartVmRequest vm = owned("wants-1");
        refused(() -> client.start(vm.toBuilder()
                .setResources(StartVmRequest.Resources.newBuilder().setNumaNode(1000)).build()),
                Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "NUMA node : 1000");
        StartVmRequest huge = owned("wants-2");
        refused(() -> client.start(huge.toBuilder().setMemoryBytes(1L << 40)
                .setResources(StartVmRequest.Resources.newBuilder().setHugePageBytes(1 << 30)).build()),
                Status.Code.RESOURCE_EXHAUSTED, "DOES_NOT_FIT", "huge pages of 1024 MiB : 1024");
    }

    @Test
    void vmWhoseRecordIsTakenAwayWhileItRunsIsDestroyedAndItsLogsAreKept() throws Exception {
        StartVmRequest vm = owned("moved-1");
        start(vm);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            cluster.own("moved-1", vm.getUid(), "another-host", 2);
            console.end().get(60, TimeUnit.SECONDS);
        }
        Cluster.await("the folder is gone", () -> !Files.exists(folder(vm)));

        assertThat(client.everything().getVmsList()).isEmpty();
        try (Stream<Path> graves = Files.list(temp.resolve("data/graveyard"))) {
            Path grave = graves.filter(path -> path.toString().contains("moved-1")).findFirst().orElseThrow();
            assertThat(grave.resolve("console.log")).content().contains(BANNER);
            assertThat(grave.resolve("why")).content().contains("another-host");
        }
    }

    @Test
    void observationsBeginWithEverythingAndThenTellOnlyChanges() throws Exception {
        StartVmRequest vm = owned("seen-1");
        start(vm);
        var stream = client.calls().observe(ObserveRequest.getDefaultInstance());
        ObserveResponse first = stream.next();
        assertThat(first.getComplete()).isTrue();
        assertThat(first.getVmsList()).extracting(VmObservation::getUid).containsExactly(vm.getUid());
        assertThat(first.getSha256List()).contains(kernel);
        String file = client.put(new byte[100]);
        ObserveResponse second = stream.next();
        assertThat(second.getComplete()).isFalse();
        assertThat(second.getVmsList()).isEmpty();
        assertThat(second.getSha256List()).containsExactly(file);
        client.stop(vm, Duration.ZERO);
        client.awaitEnd(vm.getUid());
        client.remove(vm);
        ObserveResponse last = stream.next();
        while (last.getRemovedUidsList().isEmpty()) {
            last = stream.next();
        }
        assertThat(last.getRemovedUidsList()).containsExactly(vm.getUid());
    }

    @Test
    void cordonSurvivesARestartOfTheAgentAndGuestsRunOn() throws Exception {
        StartVmRequest vm = owned("stay-1");
        VmObservation before = start(vm);
        cluster.cordon(host);
        client.close();
        agent.close();
        agent = new Agent(config(host, temp.resolve("data"), "qemu"), step -> {});
        client = new AgentClient(agent.start().agent());

        assertThat(cluster.host(host).orElseThrow().getCordoned()).isTrue();
        assertThat(client.start(vm)).isEqualTo(before);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
            console.type("hello again");
            console.await("hello again");
        }
    }

    @Test
    void secondAgentOnOneDataFolderIsRefusedNamingThePid() throws Exception {
        try (Agent second = new Agent(config("another", temp.resolve("data"), "qemu"), step -> {})) {
            assertThatThrownBy(second::start).hasMessageContaining("pid " + ProcessHandle.current().pid());
        }
    }

    @Test
    void secondLiveAgentWithTheSameNameIsRefused() throws Exception {
        try (Agent second = new Agent(config(host, temp.resolve("other-data"), "qemu"), step -> {})) {
            assertThatThrownBy(second::start).hasMessageContaining("another live agent").hasMessageContaining(host);
        }
        assertThat(cluster.session(host)).isPresent();
    }

    @Test
    void endedVmIsRememberedByTheNextAgentWithItsScrollback() throws Exception {
        StartVmRequest vm = owned("past-1");
        start(vm);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.await(BANNER + "\r\n");
        }
        client.stop(vm, Duration.ofSeconds(60));
        VmObservation end = client.awaitEnd(vm.getUid());
        cluster.disown("past-1", vm.getUid());
        client.close();
        agent.close();
        agent = new Agent(config(host, temp.resolve("data"), "qemu"), step -> {});
        client = new AgentClient(agent.start().agent());

        assertThat(client.everything().getVmsList()).containsExactly(end);
        try (AgentClient.RemoteConsole console = client.console(vm.getUid())) {
            console.end().get(60, TimeUnit.SECONDS);
            assertThat(console.text()).contains(BANNER);
        }
    }

    @Test
    void fullDiskIsRefusedBeforeAnythingRuns() throws Exception {
        Path disk = Files.createDirectories(temp.resolve("disk"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()) == 0,
                "no right to mount a small tmpfs: run as root to test a full disk");
        String name = host + "-full";
        try (Agent full = new Agent(config(name, disk, "qemu"), step -> {});
                AgentClient asking = new AgentClient(full.start().agent())) {
            StartVmRequest vm = request("full-1").toBuilder()
                    .setKernelSha256(asking.put(TinyGuest.withBanner(BANNER).elf())).build();
            cluster.own("full-1", vm.getUid(), name, 1);
            Path filler = disk.resolve("filler");
            assertThat(run("dd", "if=/dev/zero", "of=" + filler, "bs=4k")).isNotZero();
            refused(() -> asking.start(vm), Status.Code.RESOURCE_EXHAUSTED, "DISK_FULL", "recorded");
            refused(() -> asking.put(new byte[8192]), Status.Code.RESOURCE_EXHAUSTED, "DISK_FULL", "8192");
            assertThat(asking.everything().getVmsList()).isEmpty();
            Files.delete(filler);

            cluster.own("full-1", vm.getUid(), name, 2);
            refused(() -> asking.start(vm.toBuilder().setEpoch(2).addDisks(StartVmRequest.Disk.newBuilder()
                    .setName("root").setSizeBytes(16 << 20).setSerial("root")).build()),
                    Status.Code.RESOURCE_EXHAUSTED, "DISK_FULL", "16777216 bytes to begin with");

            cluster.own("full-1", vm.getUid(), name, 3);
            StartVmRequest again = vm.toBuilder().setEpoch(3).build();
            assertThat(asking.start(again).getState()).isEqualTo(VmObservation.State.RUNNING);
            asking.stop(again, Duration.ZERO);
            asking.awaitEnd(vm.getUid());
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private interface Call {
        void run() throws Exception;
    }

    private static void refused(Call call, Status.Code code, String reason, String word) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(word);
            try {
                assertThat(AgentClient.info(e).getReason()).isEqualTo(reason);
                assertThat(AgentClient.info(e).getDomain()).isEqualTo("drover.io");
                assertThat(AgentClient.info(e).getMetadataMap()).containsKeys("resource", "next_step");
            } catch (Exception unexpected) {
                throw new AssertionError(unexpected);
            }
        });
    }
}
