package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.folder.SavedState;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.MigratingHost;
import io.drover.agent.vm.StartStep;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.testing.DirtyingGuest;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that are saved to disk and go on, whatever is killed meanwhile: a real agent, and VMMs on this machine's KVM. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SuspensionTest {
    @TempDir
    static Path temp;

    private Cluster cluster;
    private MigratingHost host;
    private String counting;
    private int vms;
    private StartVmRequest vm;

    @BeforeAll
    void startHost() throws Exception {
        cluster = new Cluster();
        host = new MigratingHost("h1", cluster.connectString(), temp.resolve("h1"));
        HostRecord.Driver kvm = cluster.host("h1").orElseThrow().getDrivers(0);
        assumeTrue(kvm.getUsable(), kvm.getMessage());
        counting = host.client().put(DirtyingGuest.elf(256));
    }

    @AfterAll
    void endHost() throws Exception {
        host.close();
        cluster.close();
    }

    /** One of its own for each test, which counts. */
    @BeforeEach
    void startVm() throws Exception {
        vms++;
        vm = StartVmRequest.newBuilder().setVm("vm-" + vms).setUid("uid-" + vms).setEpoch(1).setDriver("kvm")
                .setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(counting).setLeaseNeeded(true).build();
        cluster.own(vm.getVm(), vm.getUid(), "h1", 1);
        host.client().start(vm);
        host.awaitRunning(vm.getUid());
    }

    @AfterEach
    void endVm() throws Exception {
        host.comeBack();
        cluster.delete(vm.getVm());
        Cluster.await("nothing of it runs", () -> host.vmm(vm.getUid()).isEmpty());
    }

    private SavedState saved() {
        return new SavedState(new VmFolder(host.vm(vm.getUid())));
    }

    private ProcessIdentity vmm() {
        return host.vmm(vm.getUid()).orElseThrow();
    }

    private static void signal(ProcessIdentity process, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor()).isZero();
    }

    private void awaitSuspended() {
        VmObservation ended = host.client().awaitEnd(vm.getUid());
        assertThat(ended.getExit().getCause()).as(ended.getExit().getMessage()).isEqualTo(Exit.Cause.SUSPENDED);
        assertThat(ended.getSavedEpoch()).isEqualTo(1);
        assertThat(host.vmm(vm.getUid())).isEmpty();
        assertThat(saved().isWhole()).isFalse();
    }

    /** The same VM under another epoch, which the record gives to the host. */
    private StartVmRequest next(long epoch, long savedEpoch) throws Exception {
        cluster.own(vm.getVm(), vm.getUid(), "h1", epoch);
        return vm.toBuilder().setEpoch(epoch).setSavedEpoch(savedEpoch).build();
    }

    /** It counts on, with every page as it left it. */
    private void assertGoesOn() throws Exception {
        host.client().awaitVm(vm.getUid(),
                seen -> seen.getState() == VmObservation.State.RUNNING && seen.getSavedEpoch() == 0);
        host.awaitRunning(vm.getUid());
        assertThat(saved().kept()).isEmpty();
    }

    @Test
    void guestGoesOnWhereItWasAndItsStateIsUsedOnce() throws Exception {
        AgentClient client = host.client();
        String banner = "tiny guest that is saved";
        StartVmRequest typing = vm.toBuilder().setVm("typing").setUid("uid-typing").setCommandLine("console=ttyS0")
                .setKernelSha256(client.put(TinyGuest.withBanner(banner).elf())).build();
        cluster.own("typing", "uid-typing", "h1", 1);
        client.start(typing);
        try (AgentClient.RemoteConsole console = client.console("uid-typing")) {
            console.await(banner + "\r\n");
            console.type("before");
            console.await("before");
        }

        assertThat(client.suspend(typing, "op-1").getSuspension().getOperationId()).isEqualTo("op-1");
        assertThat(client.awaitEnd("uid-typing").getSavedEpoch()).isEqualTo(1);
        assertThat(client.suspend(typing, "op-1").getExit().getCause()).isEqualTo(Exit.Cause.SUSPENDED);

        cluster.own("typing", "uid-typing", "h1", 2);
        VmObservation again = client.start(typing.toBuilder().setEpoch(2).setSavedEpoch(1).build());
        assertThat(again.getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(again.getSavedEpoch()).isZero();
        try (AgentClient.RemoteConsole console = client.console("uid-typing")) {
            console.type("after");
            console.await("after");
        }
        // It has not booted again.
        assertThat(client.log("uid-typing", ReadLogRequest.Log.CONSOLE, false)).containsOnlyOnce(banner);
        cluster.own("typing", "uid-typing", "h1", 3);
        assertThatThrownBy(() -> client.start(typing.toBuilder().setEpoch(3).setSavedEpoch(1).build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("what was saved of the VM under epoch 1 is not in");
        cluster.delete("typing");
    }

    @Test
    void agentKilledWhileItSavesAndInTheStartNextOnesGoOnWithBoth() throws Exception {
        ProcessIdentity vmm = vmm();
        signal(vmm, "STOP");
        host.client().suspend(vm, "op-1");
        host.killAgent();
        signal(vmm, "CONT");
        host.start("io.drover.agent.CrashingAgent", Map.of(CrashingAgent.STEP, StartStep.SPAWNED.name()));
        try (AgentClient client = new AgentClient(host.agent().address())) {
            assertThat(client.awaitEnd(vm.getUid()).getSavedEpoch()).isEqualTo(1);
            StartVmRequest again = next(2, 1);
            assertThatThrownBy(() -> client.start(again)).isInstanceOf(StatusRuntimeException.class);
        }
        assertThat(host.agent().awaitEnd()).isEqualTo(137);
        assertThat(saved().isKept(1)).isTrue();
        host.start();

        assertGoesOn();
    }

    @Test
    void vmmKilledWhileItSavesNothingIsKept() throws Exception {
        ProcessIdentity vmm = vmm();
        signal(vmm, "STOP");
        host.client().suspend(vm, "op-1");
        vmm.kill();

        VmObservation ended = host.client().awaitEnd(vm.getUid());
        assertThat(ended.getExit().getCause()).isEqualTo(Exit.Cause.VMM_FAILED);
        assertThat(ended.getSavedEpoch()).isZero();
    }

    @Test
    void agentAndVmmKilledWhenItIsSavedStateIsKept() throws Exception {
        ProcessIdentity vmm = vmm();
        signal(vmm, "STOP");
        host.client().suspend(vm, "op-1");
        host.agent().signal("STOP");
        signal(vmm, "CONT");
        Cluster.await("it is saved", () -> saved().isWhole());
        vmm.kill();
        assertThat(vmm.awaitEnd(Duration.ofSeconds(20))).isTrue();
        host.killAgent();
        host.start();

        awaitSuspended();
        host.client().start(next(2, 1));
        assertGoesOn();
    }

    @Test
    void guestThatCannotBeSavedRunsOn() throws Exception {
        ProcessIdentity vmm = vmm();
        Path inTheWay = saved().written().resolveSibling("saved.vm.part");
        Files.createDirectory(inTheWay);
        host.client().suspend(vm, "op-1");
        VmObservation failed = host.client().awaitVm(vm.getUid(), seen -> seen.getSuspension().getFailed());
        assertThat(failed.getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(failed.getSuspension().getMessage()).contains("saved.vm.part");
        host.awaitRunning(vm.getUid());

        Files.delete(inTheWay);
        assertThat(host.client().suspend(vm, "op-1").getSuspension().getFailed()).isTrue();
        host.awaitRunning(vm.getUid());
        assertThat(vmm()).isEqualTo(vmm);
        host.client().suspend(vm, "op-2");
        awaitSuspended();
    }

    @Test
    void saveThatIsCalledOffLeavesTheGuestRunningOn() throws Exception {
        ProcessIdentity vmm = vmm();
        signal(vmm, "STOP");
        host.client().suspend(vm, "op-1");
        host.client().cancelSuspension(vm);
        signal(vmm, "CONT");
        VmObservation after = host.client().awaitVm(vm.getUid(), seen -> seen.getSuspension().getFailed()
                || seen.getState() == VmObservation.State.ENDED);
        if (after.getState() == VmObservation.State.ENDED) {
            // The VMM heard of it too late.
            awaitSuspended();
            return;
        }
        host.awaitRunning(vm.getUid());
        assertThat(saved().isWhole()).isFalse();
        assertThat(host.client().cancelSuspension(vm).getState()).isEqualTo(VmObservation.State.RUNNING);
        host.client().suspend(vm, "op-2");
        awaitSuspended();
    }

    @Test
    void stopWhileItIsBeingSavedStopsIt() throws Exception {
        ProcessIdentity vmm = vmm();
        signal(vmm, "STOP");
        host.client().suspend(vm, "op-1");
        host.client().stop(vm, Duration.ZERO);
        signal(vmm, "CONT");

        VmObservation ended = host.client().awaitEnd(vm.getUid());
        assertThat(ended.getExit().getCause()).isEqualTo(Exit.Cause.KILLED);
        assertThat(ended.getSavedEpoch()).isZero();
    }

    @Test
    void stateOfAnotherMachineStaysUntilAStartThatBoots() throws Exception {
        host.client().suspend(vm, "op-1");
        awaitSuspended();

        VmObservation refused = host.client().start(next(2, 1).toBuilder().setMemoryBytes(32L << 20).build());
        assertThat(refused.getState()).isEqualTo(VmObservation.State.ENDED);
        assertThat(refused.getExit().getCause()).isEqualTo(Exit.Cause.SUSPENDED);
        assertThat(refused.getExit().getMessage()).startsWith("cannot go on from what was saved: ").contains("memory");
        assertThat(refused.getSavedEpoch()).isEqualTo(1);

        host.client().start(next(3, 0));
        assertGoesOn();
    }
}
