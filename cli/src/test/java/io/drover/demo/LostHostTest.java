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
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

/** A real cloud with this machine's KVM, one of whose agents hangs: its guest goes on elsewhere, and never in two places. */
@Timeout(240)
class LostHostTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final List<String> OPTIONS = List.of("--driver", "kvm", "--slow-kvm", "--vmm-confinement", "none",
            "--reserve-memory", "0");
    /** Short ones, so that the test is; with -Ddrover.takeover.defaults those that agents have by themselves, to be measured. */
    private static final List<String> TIMES = Boolean.getBoolean("drover.takeover.defaults") ? List.of()
            : List.of("--zookeeper-session", "4", "--lease", "2", "--zookeeper-sync-limit", "1", "--clock-drift",
                    "0.1");

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
        cloud.startAgents(List.of("h1", "h2"), Stream.concat(OPTIONS.stream(), TIMES.stream()).toList());
    }

    @AfterEach
    void cleanUp() {
        if (janitor != null) {
            janitor.cleanUp();
            assertThat(new CloudProcesses(folder, mark).running()).isEmpty();
        }
    }

    @Test
    void guestOfAHostThatHangsIsFrozenThereBeforeItRunsElsewhere(TestReporter measured) throws Exception {
        awaitReady(2);
        try (ApiClient api = client()) {
            assumeTrue(Lists.hosts(api).getFirst().getDrivers(0).getUsable(),
                    Lists.hosts(api).getFirst().getDrivers(0).getMessage());
        }
        Path kernel = Files.write(folder.resolve("tiny.elf"), TinyGuest.withBanner("up").elf());
        drover("image", "add", "tiny", "--kernel", kernel.toString());
        drover("vm", "create", "vm-1", "--image", "tiny", "--memory", "16M", "--ha", "restart");
        Vm before = vm();
        String lost = before.getHost().substring("hosts/".length());
        String other = lost.equals("h1") ? "h2" : "h1";
        assertThat(drover("vm", "get", "vm-1")).contains("restart");
        try (VmmClient there = VmmClient.connect(socket(lost, before), DEADLINE)) {
            awaitRunning(there);
            signal("STOP", lost);
            long stopped = System.nanoTime();

            VmmStatus frozen = there.status();
            while (frozen.state() != VmmStatus.State.PAUSED) {
                assertThat(socket(other, before)).as("it still runs on %s", lost).doesNotExist();
                assertThat(System.nanoTime() - stopped).isLessThan(DEADLINE.toNanos());
                frozen = there.status();
            }
            assertThat(frozen.lease()).isInstanceOf(VmmLease.Expired.class);
            assertThat(socket(other, before)).as("it began elsewhere after it was frozen").doesNotExist();

            long exits = frozen.exits();
            Waiting.until(DEADLINE, () -> {
                assertThat(exits(there)).isEqualTo(exits);
                return vmRunsOn(other);
            });
            measured.publishEntry("ms from the stop of its agent to RUNNING elsewhere",
                    Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - stopped)));
            Vm after = vm();
            assertThat(after.getEpoch()).as("the takeover used up one").isEqualTo(before.getEpoch() + 2);
            try (VmmClient here = VmmClient.connect(socket(other, before), DEADLINE)) {
                awaitRunning(here);
            }

            signal("CONT", lost);
            Waiting.until(DEADLINE, () -> {
                Optional<Long> now = exitsIfAlive(there);
                now.ifPresent(seen -> assertThat(seen).as("it came back to nothing").isEqualTo(exits));
                return now.isEmpty();
            });
        }
        awaitReady(2);
        assertThat(vm().getHost()).isEqualTo("hosts/" + other);
        drover("vm", "delete", "vm-1", "--force");
    }

    private Path socket(String host, Vm vm) {
        return folder.resolve(host).resolve("vms").resolve(vm.getUid()).resolve("run/vmm.sock");
    }

    private static void awaitRunning(VmmClient vmm) {
        long before = exits(vmm);
        Waiting.until(DEADLINE, () -> exits(vmm) > before);
    }

    private static long exits(VmmClient vmm) {
        return exitsIfAlive(vmm).orElseThrow(() -> new AssertionError("the VMM is gone"));
    }

    private static Optional<Long> exitsIfAlive(VmmClient vmm) {
        try {
            return Optional.of(vmm.status().exits());
        } catch (IOException gone) {
            return Optional.empty();
        } catch (VmmRefusedException e) {
            throw new AssertionError(e);
        }
    }

    private boolean vmRunsOn(String host) {
        try {
            Vm vm = vm();
            return vm.getHost().equals("hosts/" + host) && vm.getState() == VmState.VM_STATE_RUNNING;
        } catch (Failure e) {
            throw new AssertionError(e);
        }
    }

    private void signal(String name, String host) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(cloud.agent(host).pid())).start().waitFor())
                .isZero();
    }

    private String drover(String... arguments) {
        CommandRun run = new CommandRun().at(Clock.systemUTC()).with("DROVER_CONTROLLER", cloud.api().toString());
        int code = run.run(arguments);
        assertThat(code).as(() -> String.join(" ", arguments) + "\n" + run.out() + run.err()).isZero();
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

    private void awaitReady(int count) throws Failure {
        try (ApiClient api = client()) {
            Waiting.until(DEADLINE, () -> {
                try {
                    return Lists.hosts(api).stream().filter(host -> host.getState() == Host.State.READY)
                            .count() == count;
                } catch (Failure e) {
                    return false;
                }
            });
        }
    }
}
