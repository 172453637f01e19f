package io.drover.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.cli.CommandRun;
import io.drover.cli.Failure;
import io.drover.cli.Waiting;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

/** A real cloud with this machine's KVM: operators move a guest by the command line, and it goes on as if nothing had been. */
@Timeout(240)
class MigratedVmTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final List<String> OPTIONS = List.of("--driver", "kvm", "--slow-kvm", "--vmm-confinement", "none",
            "--reserve-memory", "0");

    private final String mark = UUID.randomUUID().toString();
    private Path folder;
    private Janitor janitor;
    private Cloud cloud;

    @BeforeEach
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

    @AfterEach
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

    private Vm vm() throws Failure {
        try (ApiClient api = client()) {
            return api.vms().getVm(GetVmRequest.newBuilder().setName("vms/vm-1").build());
        }
    }

    private String drover(String... arguments) {
        CommandRun run = new CommandRun().at(Clock.systemUTC()).with("DROVER_CONTROLLER", cloud.api().toString());
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
        Vm before = vm();
        String first = before.getHost().substring("hosts/".length());
        try (ApiClient api = client();
                GuestConsole console = new GuestConsole(api, "vms/vm-1", line -> {})) {
            console.await("up", DEADLINE);
            assertThat(drover("vm", "migrate", "vm-1", "--dry-run")).contains(other(first));
            for (String there : List.of(other(first), first)) {
                String said = drover("vm", "migrate", "vm-1", "--to", there);
                measured.publishEntry("said of a migration to " + there, said);
                assertThat(said).contains(there);
                Vm moved = vm();
                assertThat(moved.getHost()).isEqualTo("hosts/" + there);
                assertThat(moved.getState()).isEqualTo(VmState.VM_STATE_RUNNING);
                // The session that was opened on the first host.
                String answer = console.ask(TinyGuest.TOGGLE_BUTTON.strip(),
                        there.equals(first) ? TinyGuest.HEEDING : TinyGuest.IGNORING, DEADLINE);
                measured.publishEntry("answer on " + there, answer);
                Waiting.until(DEADLINE, () -> isEmpty(folder.resolve(other(there)).resolve("vms")));
            }
        }
        assertThat(vm().getEpoch()).isEqualTo(before.getEpoch() + 2);
        assertThat(drover("migration", "list")).contains("vm-1").contains("SUCCEEDED");
        drover("vm", "stop", "vm-1", "--force");
        drover("vm", "delete", "vm-1");
    }

    private static boolean isEmpty(Path vms) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(vms)) {
            return !all.iterator().hasNext();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
