package io.drover.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.cli.CommandProcess;
import io.drover.cli.CommandRun;
import io.drover.cli.Failure;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A real cloud whose controller and agents are killed with SIGKILL under a running VM: the guest does not notice, its console
 * keeps what it printed, and what was under way comes to an end.
 */
@Timeout(240)
class KilledProgramsTest {
    private static final String BANNER = "the tiny guest is up";
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final String mark = UUID.randomUUID().toString();
    private Path folder;
    private Janitor janitor;
    private Cloud cloud;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(CommandProcess.isInstalled("qemu-system-x86_64"),
                "skipped: the package qemu-system-x86 is not installed");
        // Unix sockets want short paths: not a @TempDir.
        folder = Files.createTempDirectory("drover-test-");
        janitor = Janitor.start(folder, mark);
        cloud = new Cloud(new TestPrograms(), folder, mark);
        cloud.startController();
        cloud.startAgents(List.of("h1"), List.of("--driver", "qemu"));
        awaitHosts(Host.State.READY, 1);
        Path kernel = Files.write(folder.resolve("tiny.elf"), TinyGuest.withBanner(BANNER).elf());
        drover("image", "add", "tiny", "--kernel", kernel.toString());
        drover("vm", "create", "vm-1", "--image", "tiny", "--memory", "16M");
    }

    @AfterEach
    void cleanUp() {
        if (janitor != null) {
            janitor.cleanUp();
            assertThat(new CloudProcesses(folder, mark).running()).isEmpty();
        }
    }

    @Test
    void guestAndConsoleOutliveControllerAndAgent() throws Exception {
        long guest = guestProcess();
        converse("before", BANNER);

        cloud.controller().kill();
        assertThat(guestProcesses()).containsExactly(guest);
        cloud.startController();
        awaitVm(vm -> vm.getState() == VmState.VM_STATE_RUNNING && vm.getHostReachable());
        converse("between", BANNER, "before");

        cloud.agent("h1").kill();
        assertThat(guestProcesses()).containsExactly(guest);
        cloud.startAgents(List.of("h1"), List.of("--driver", "qemu"));
        awaitVm(vm -> vm.getState() == VmState.VM_STATE_RUNNING && vm.getHostReachable());
        String printed = converse("after", BANNER, "before", "between");

        assertThat(printed.split(BANNER, -1)).as("the guest has booted once").hasSize(2);
        assertThat(guestProcess()).isEqualTo(guest);
        assertThat(vm().getEpoch()).as("nobody else has owned it").isEqualTo(1);
        drover("vm", "stop", "vm-1");
        assertThat(vm().getLastExit().getCause()).isEqualTo(VmExit.Cause.STOPPED);
        drover("vm", "delete", "vm-1");
        assertThat(guestProcesses()).isEmpty();
    }

    @Test
    void taskUnderWayEndsAfterTheControllerWasKilled() throws Exception {
        try (ApiClient api = client();
                GuestConsole console = new GuestConsole(api, "vms/vm-1", line -> {})) {
            console.await(BANNER, DEADLINE);
            console.ask(TinyGuest.TOGGLE_BUTTON.strip(), TinyGuest.IGNORING, DEADLINE);
        }
        String task = drover("vm", "stop", "vm-1", "--grace", "6s", "--detach", "-o", "name").strip();
        cloud.controller().kill();
        cloud.startController();
        drover("task", "wait", task);
        Vm vm = vm();
        assertThat(vm.getState()).isEqualTo(VmState.VM_STATE_STOPPED);
        assertThat(vm.getLastExit().getCause()).as("the guest did not obey").isEqualTo(VmExit.Cause.KILLED);
    }

    @Test
    void guestThatEndsWhileItsAgentIsDeadIsKnownToHaveEnded() throws Exception {
        long guest = guestProcess();
        cloud.agent("h1").kill();
        ProcessHandle.of(guest).ifPresent(ProcessHandle::destroyForcibly);
        cloud.startAgents(List.of("h1"), List.of("--driver", "qemu"));
        awaitVm(vm -> vm.getState() == VmState.VM_STATE_FAILED);
        assertThat(vm().getLastExit().getCause()).isEqualTo(VmExit.Cause.VMM_FAILED);
        drover("vm", "start", "vm-1");
        converse("again", BANNER);
    }

    /** The operator's word was wrong: only the agent was dead, and the guest runs on until the agent is back. */
    @Test
    void vmOfAHostDeletedByForceRunsElsewhereAndTheHostThatReturnsDestroysItsOwn() throws Exception {
        long guest = guestProcess();
        cloud.startAgents(List.of("h2"), List.of("--driver", "qemu"));
        awaitHosts(Host.State.READY, 2);
        cloud.agent("h1").kill();
        awaitHosts(Host.State.AWAY, 1);
        CommandRun refused = run("host", "delete", "h1");
        assertThat(refused.err()).contains("hosts/h1 owns 1 VM: vms/vm-1", "delete it with force");

        drover("host", "delete", "h1", "--force");
        drover("vm", "wait", "vm-1", "--for", "state=RUNNING");
        assertThat(vm().getHost()).isEqualTo("hosts/h2");
        assertThat(vm().getEpoch()).isGreaterThan(1);
        converse("elsewhere", BANNER);
        assertThat(run("host", "get", "h1").err()).contains("hosts/h1 is not there");

        cloud.startAgents(List.of("h1"), List.of("--driver", "qemu"));
        awaitHosts(Host.State.READY, 2);
        assertThat(guestProcesses()).as("only that of h2").hasSize(1).doesNotContain(guest);
        converse("still elsewhere", BANNER, "elsewhere");
        assertThat(vm().getHost()).isEqualTo("hosts/h2");
    }

    /** Reads the console from its beginning, which must have these texts, then types a word and waits for its echo. */
    private String converse(String word, String... seen) throws Failure, DemoFailure, InterruptedException {
        try (ApiClient api = client(); GuestConsole console = new GuestConsole(api, "vms/vm-1", line -> {})) {
            for (String text : seen) {
                console.await(text, DEADLINE);
            }
            console.ask(word, word, DEADLINE);
            return console.await(word, DEADLINE);
        }
    }

    private long guestProcess() {
        List<Long> processes = guestProcesses();
        assertThat(processes).hasSize(1);
        return processes.get(0);
    }

    /** Not those that have ended and that nobody has waited for. */
    private List<Long> guestProcesses() {
        return new CloudProcesses(folder, mark).running().stream()
                .filter(process -> process.info().command().orElse("").contains("qemu-system")).map(ProcessHandle::pid)
                .toList();
    }

    private CommandRun run(String... arguments) {
        CommandRun run = new CommandRun().at(Clock.systemUTC()).with("DROVER_CONTROLLER", cloud.api().toString());
        assertThat(run.run(arguments)).as(() -> String.join(" ", arguments) + "\n" + run.out()).isNotZero();
        return run;
    }

    private String drover(String... arguments) {
        CommandRun run = new CommandRun().at(Clock.systemUTC()).with("DROVER_CONTROLLER", cloud.api().toString());
        int code = run.run(arguments);
        assertThat(code).as(() -> String.join(" ", arguments) + "\n" + run.out() + run.err() + logs()).isZero();
        return run.out();
    }

    private ApiClient client() throws Failure {
        return ApiClient.connect(cloud.api(), Optional.empty());
    }

    private Vm vm() throws Failure {
        try (ApiClient api = client()) {
            return api.vms().getVm(GetVmRequest.newBuilder().setName("vms/vm-1").build());
        }
    }

    private void awaitVm(java.util.function.Predicate<Vm> condition) throws Failure {
        try (ApiClient api = client()) {
            await("VM", () -> {
                try {
                    return condition.test(api.vms().getVm(GetVmRequest.newBuilder().setName("vms/vm-1").build()));
                } catch (StatusRuntimeException e) {
                    return false;
                }
            });
        }
    }

    private void awaitHosts(Host.State state, int count) throws Failure {
        try (ApiClient api = client()) {
            await("host", () -> {
                try {
                    return Lists.hosts(api).stream().filter(host -> host.getState() == state).count() == count;
                } catch (Failure e) {
                    return false;
                }
            });
        }
    }

    private void await(String what, BooleanSupplier condition) {
        try {
            io.drover.cli.Waiting.until(DEADLINE, condition);
        } catch (AssertionError e) {
            throw new AssertionError("the " + what + " is not as expected" + logs(), e);
        }
    }

    private String logs() {
        StringBuilder text = new StringBuilder("\n");
        for (String name : List.of("controller.log", "agent-of-h1.log")) {
            try {
                List<String> lines = Files.readAllLines(folder.resolve("logs").resolve(name));
                text.append("--- ").append(name).append('\n')
                        .append(String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size())))
                        .append('\n');
            } catch (IOException e) {
                text.append(name).append(": ").append(e.getMessage()).append('\n');
            }
        }
        return text.toString();
    }
}
