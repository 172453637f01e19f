package io.drover.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.cli.CommandRun;
import io.drover.cli.Failure;
import io.drover.cli.Waiting;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.proto.v1.CpuModel;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmState;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCpuModel;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

/** A real cloud with this machine's KVM, as operators use it by the command line. */
@Timeout(240)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KvmCloudTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final List<String> OPTIONS = List.of("--driver", "kvm", "--slow-kvm", "--vmm-confinement", "none",
            "--reserve-memory", "0");
    /** Of CPUID. */
    private static final int VENDOR = 0;
    private static final int SIGNATURE = 1;
    private static final int FEATURES = 7;

    private final String mark = UUID.randomUUID().toString();
    private Path folder;
    private Janitor janitor;
    private Cloud cloud;

    @BeforeAll
    void start() throws Exception {
        // Unix sockets want short paths: not a @TempDir.
        folder = Files.createTempDirectory("drover-test-");
        janitor = Janitor.start(folder, mark);
        cloud = new Cloud(new TestPrograms(), folder, mark);
        cloud.startController();
        cloud.startAgents(List.of("h1", "h2"), OPTIONS);
        Waiting.until(DEADLINE,
                () -> hosts().stream().filter(host -> host.getState() == Host.State.READY).count() == 2);
        assumeTrue(hosts().getFirst().getDrivers(0).getUsable(), hosts().getFirst().getDrivers(0).getMessage());
    }

    @AfterAll
    void cleanUp() {
        if (janitor != null) {
            janitor.cleanUp();
            assertThat(new CloudProcesses(folder, mark).running()).isEmpty();
        }
    }

    private List<Host> hosts() {
        try (ApiClient api = client()) {
            return Lists.hosts(api);
        } catch (Failure e) {
            throw new AssertionError(e);
        }
    }

    private ApiClient client() throws Failure {
        return ApiClient.connect(cloud.api(), Optional.empty());
    }

    private Vm vm(String name) throws Failure {
        try (ApiClient api = client()) {
            return api.vms().getVm(GetVmRequest.newBuilder().setName("vms/" + name).build());
        }
    }

    private CommandRun command() {
        return new CommandRun().at(Clock.systemUTC()).with("DROVER_CONTROLLER", cloud.api().toString());
    }

    private String drover(String... arguments) {
        CommandRun run = command();
        int code = run.run(arguments);
        assertThat(code).as(() -> String.join(" ", arguments) + "\n" + run.out() + run.err()).isZero();
        return run.out();
    }

    private static String other(String host) {
        return host.equals("h1") ? "h2" : "h1";
    }

    @Test
    void guestMovesWithItsConsoleAndItsDiskAndComesBack(TestReporter measured) throws Exception {
        Path kernel = Files.write(folder.resolve("tiny.elf"), TinyGuest.withBanner("up").elf());
        drover("image", "add", "tiny", "--kernel", kernel.toString());
        drover("vm", "create", "vm-1", "--image", "tiny", "--memory", "16M", "--disk", "name=data,size=1M");
        Vm before = vm("vm-1");
        String first = before.getHost().substring("hosts/".length());
        try (ApiClient api = client();
                GuestConsole console = new GuestConsole(api, "vms/vm-1", line -> {})) {
            console.await("up", DEADLINE);
            assertThat(drover("vm", "migrate", "vm-1", "--dry-run")).contains(other(first));
            for (String there : List.of(other(first), first)) {
                String said = drover("vm", "migrate", "vm-1", "--to", there);
                measured.publishEntry("said of a migration to " + there, said);
                assertThat(said).contains(there);
                Vm moved = vm("vm-1");
                assertThat(moved.getHost()).isEqualTo("hosts/" + there);
                assertThat(moved.getState()).isEqualTo(VmState.VM_STATE_RUNNING);
                // The session that was opened on the first host.
                String answer = console.ask(TinyGuest.TOGGLE_BUTTON.strip(),
                        there.equals(first) ? TinyGuest.HEEDING : TinyGuest.IGNORING, DEADLINE);
                measured.publishEntry("answer on " + there, answer);
                Waiting.until(DEADLINE, () -> isEmpty(folder.resolve(other(there)).resolve("vms")));
            }
        }
        assertThat(vm("vm-1").getEpoch()).isEqualTo(before.getEpoch() + 2);
        assertThat(drover("migration", "list")).contains("vm-1").contains("SUCCEEDED");
        drover("vm", "stop", "vm-1", "--force");
        drover("vm", "delete", "vm-1");
    }

    @Test
    void guestPausedToDiskGoesOnWhereItWasUnlessThatIsThrownAway(TestReporter measured) throws Exception {
        Path kernel = Files.write(folder.resolve("paused.elf"), TinyGuest.withBanner("guest is up").elf());
        drover("image", "add", "paused", "--kernel", kernel.toString());
        drover("vm", "create", "vm-3", "--image", "paused", "--memory", "16M", "--disk", "name=data,size=1M");
        Vm before = vm("vm-3");
        try (ApiClient api = client(); GuestConsole console = new GuestConsole(api, "vms/vm-3", line -> {})) {
            console.await("guest is up", DEADLINE);
            console.ask(TinyGuest.TOGGLE_BUTTON.strip(), TinyGuest.IGNORING, DEADLINE);
        }

        String said = drover("vm", "pause", "--to-disk", "vm-3");
        measured.publishEntry("said of a pause", said);
        assertThat(said).contains("paused vm-3: SUSPENDED");
        assertThat(vm("vm-3").getSavedHost()).isEqualTo(before.getHost());
        assertThat(drover("vm", "get", "vm-3")).contains("Saved on");
        drover("vm", "start", "vm-3");
        Vm after = vm("vm-3");
        assertThat(after.getHost()).isEqualTo(before.getHost());
        assertThat(after.getEpoch()).isEqualTo(before.getEpoch() + 1);
        try (ApiClient api = client(); GuestConsole console = new GuestConsole(api, "vms/vm-3", line -> {})) {
            // One that has booted would ignore it first.
            console.ask(TinyGuest.TOGGLE_BUTTON.strip(), TinyGuest.HEEDING, DEADLINE);
            console.ask(TinyGuest.TOGGLE_BUTTON.strip(), TinyGuest.IGNORING, DEADLINE);
        }
        assertThat(drover("vm", "logs", "vm-3")).containsOnlyOnce("guest is up");

        drover("vm", "pause", "--to-disk", "vm-3");
        drover("vm", "start", "--discard-saved", "vm-3");
        try (ApiClient api = client(); GuestConsole console = new GuestConsole(api, "vms/vm-3", line -> {})) {
            console.await("guest is up", DEADLINE);
        }
        drover("vm", "stop", "vm-3", "--force");
        drover("vm", "delete", "vm-3");
    }

    private static boolean isEmpty(Path vms) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(vms)) {
            return !all.iterator().hasNext();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void guestHasTheCpuThatWasNamedAndItsDiskTheLimitsOfNow() throws Exception {
        Path kernel = Files.write(folder.resolve("still.elf"), TinyGuest.withBanner("up").elf());
        drover("image", "add", "still", "--kernel", kernel.toString());
        assertThat(drover("cpu-model", "create", "rack-1", "--from-hosts", "h1,h2")).contains("created rack-1")
                .contains("of 2 hosts");
        drover("vm", "create", "vm-2", "--image", "still", "--memory", "16M", "--cpu-model", "rack-1", "--disk",
                "name=data,size=1M");
        assertThat(drover("vm", "get", "vm-2")).contains("rack-1");
        Vm vm = vm("vm-2");
        assertThat(vm.getSpec().getCpuModel()).isEqualTo("cpuModels/rack-1");

        Path own = folder.resolve(vm.getHost().substring("hosts/".length())).resolve("vms")
                .resolve(vm.getUid());
        VmmCpuModel model = VmmSettings.read(own.resolve("vmm.pb")).cpuModel().orElseThrow();
        assertThat(model.name()).isEqualTo("rack-1");
        try (VmmClient vmm = VmmClient.connect(own.resolve("run/vmm.sock"), DEADLINE)) {
            List<VmmCpuidEntry> shown = vmm.cpuid();
            assertThat(entry(shown, VENDOR).ebx()).isEqualTo(leaf(model, VENDOR).ebx());
            assertThat(entry(shown, SIGNATURE).eax()).isEqualTo(leaf(model, SIGNATURE).eax());
            assertThat(entry(shown, FEATURES).ebx()).isEqualTo(leaf(model, FEATURES).ebx());
        }
        assertThat(models()).singleElement()
                .satisfies(each -> assertThat(each.getHostsList()).containsExactlyInAnyOrder("hosts/h1", "hosts/h2"));
        CommandRun inUse = command();
        assertThat(inUse.run("cpu-model", "delete", "rack-1")).as("while a VM has it").isNotZero();
        assertThat(inUse.err()).contains("vm-2");

        drover("vm", "disk", "limit", "vm-2", "data", "--bytes-per-second", "1M", "--operations-per-second", "50");
        VmDisk data = vm("vm-2").getSpec().getDisks(0);
        assertThat(data.getBytesPerSecond()).isEqualTo(1 << 20);
        assertThat(data.getOperationsPerSecond()).isEqualTo(50);
        drover("vm", "disk", "limit", "vm-2", "data");
        assertThat(vm("vm-2").getSpec().getDisks(0).getOperationsPerSecond()).isZero();
        drover("vm", "stop", "vm-2", "--force");
        drover("vm", "delete", "vm-2");
        drover("cpu-model", "delete", "rack-1");
    }

    private List<CpuModel> models() throws Failure {
        try (ApiClient api = client()) {
            return Lists.cpuModels(api);
        }
    }

    private static VmmCpuidEntry entry(List<VmmCpuidEntry> shown, int function) {
        return shown.stream().filter(each -> each.function() == function && each.index() == 0).findFirst()
                .orElseThrow();
    }

    private static VmmCpuidLeaf leaf(VmmCpuModel model, int function) {
        return model.leaves().stream().filter(each -> each.function() == function && each.index() == 0).findFirst()
                .orElseThrow();
    }
}
