package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.testing.AgentClient;
import io.drover.agent.testing.Cluster;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmUsage;
import io.drover.proto.state.v1.HostRecord;
import io.drover.vmm.testing.TinyGuest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a whole agent makes of the disks of a VM, with a real ZooKeeper and real guests under the qemu driver. */
@Timeout(120)
final class AgentDisksTest {
    private static final byte[] IMAGE = new byte[1 << 20];
    private static final String UID = "uid-web-1";
    private static Cluster cluster;

    @TempDir
    Path temp;

    private Agent agent;
    private AgentClient client;
    private String host;
    private StartVmRequest vm;

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
        join();
        HostRecord.Driver qemu = cluster.host(host).orElseThrow().getDrivers(0);
        assumeTrue(qemu.getUsable(), qemu.getMessage());
        String image = client.put(IMAGE);
        StartVmRequest.Disk root = StartVmRequest.Disk.newBuilder().setName("root").setImageSha256(image)
                .setImageFormat(StartVmRequest.Disk.Format.RAW).setSizeBytes(2 << 20).setSerial("root").build();
        StartVmRequest.Disk data = StartVmRequest.Disk.newBuilder().setName("data").setSizeBytes(1 << 20)
                .setSerial("data").build();
        vm = StartVmRequest.newBuilder().setVm("web-1").setUid(UID).setEpoch(1).setDriver("qemu").setVcpus(1)
                .setMemoryBytes(16L << 20).setKernelSha256(client.put(TinyGuest.withBanner("here").elf()))
                .setCommandLine("console=ttyS0").addDisks(root).addDisks(data).build();
    }

    private void join() throws Exception {
        AgentOptions options = new AgentOptions();
        options.host = Optional.of(host);
        options.zookeeper = Optional.of(cluster.connectString());
        options.zookeeperSession = "3";
        options.data = Optional.of(temp.resolve("data").toString());
        options.drivers = List.of("qemu");
        options.reserveMemory = "0";
        // Room for one image and a kernel: whatever else comes makes those go that nobody needs.
        options.imageSpace = "1100K";
        agent = new Agent(AgentConfig.of(options), step -> {});
        client = new AgentClient(agent.start().agent());
    }

    private void leave() {
        client.close();
        agent.close();
    }

    @AfterEach
    void stopAgent() throws Exception {
        for (VmObservation seen : client.everything().getVmsList()) {
            end(vm.toBuilder().setEpoch(seen.getEpoch()).build());
        }
        leave();
    }

    private VmObservation start(StartVmRequest request) throws Exception {
        cluster.own("web-1", UID, host, request.getEpoch());
        return client.start(request);
    }

    private void end(StartVmRequest request) {
        var _ = client.stop(request, Duration.ZERO);
        client.awaitEnd(UID);
    }

    private StartVmRequest epoch(long epoch, boolean disksExpected) {
        return vm.toBuilder().setEpoch(epoch).setDisksExpected(disksExpected).build();
    }

    private Path disk(String name) throws Exception {
        return temp.toRealPath().resolve("data/vms").resolve(UID).resolve("disks").resolve(name + ".qcow2");
    }

    private void crowd(int number) throws Exception {
        byte[] file = new byte[256 << 10];
        file[0] = (byte) number;
        client.put(file);
    }

    private static Object inode(Path file) throws Exception {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    private static StatusRuntimeException refused(AgentClient client, StartVmRequest request) {
        return catchThrowableOfType(StatusRuntimeException.class, () -> client.start(request));
    }

    @Test
    void usageIsToldOfWhatRuns() throws Exception {
        assertThat(client.usage()).isEmpty();
        start(vm);
        VmUsage usage = client.usage(UID, "nobody").getFirst();
        assertThat(usage.getVm()).isEqualTo("web-1");
        assertThat(usage.getUid()).isEqualTo(UID);
        assertThat(usage.getDriver()).isEqualTo("qemu");
        assertThat(usage.getResidentMemoryBytes()).isPositive();
        assertThat(usage.getDisksList()).extracting(VmUsage.Disk::getName).containsExactly("root", "data");
        assertThat(client.usage("nobody")).isEmpty();
        end(vm);
        assertThat(client.usage()).isEmpty();

        StartVmRequest again = epoch(2, true);
        start(again);
        assertThat(client.usage().getFirst().getRun()).isNotEqualTo(usage.getRun());
        end(again);
    }

    @Test
    void disksAreMadeOnceStayOverStopsAndGoWithTheVm() throws Exception {
        assertThat(start(vm).getKeepsDisks()).isTrue();
        Object root = inode(disk("root"));
        Object data = inode(disk("data"));
        end(vm);
        StartVmRequest again = epoch(2, true);
        assertThat(start(again).getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(inode(disk("root"))).isEqualTo(root);
        assertThat(inode(disk("data"))).isEqualTo(data);

        end(again);
        client.remove(again);
        assertThat(disk("root").getParent().getParent()).doesNotExist();
    }

    @Test
    void imageUnderADiskStaysAsLongAsTheDisk() throws Exception {
        String image = vm.getDisks(0).getImageSha256();
        start(vm);
        end(vm);
        crowd(1);
        crowd(2);
        assertThat(client.everything().getSha256List()).contains(image);
        assertThat(temp.resolve("data/files").resolve(image)).exists();
        leave();
        cluster.disown("web-1", UID);
        join();
        crowd(3);
        assertThat(temp.resolve("data/files").resolve(image)).as("held by the next agent too").exists();

        client.remove(vm);
        crowd(4);
        assertThat(temp.resolve("data/files").resolve(image)).doesNotExist();
    }

    @Test
    void diskThatIsGoneIsNotMadeAnewAndWhatIsLeftStays() throws Exception {
        start(vm);
        end(vm);
        Files.delete(disk("root"));
        cluster.own("web-1", UID, host, 2);
        StatusRuntimeException refusal = refused(client, epoch(2, true));
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(AgentClient.info(refusal).getReason()).isEqualTo("DISK_MISSING");
        assertThat(refusal.getMessage()).contains("root.qcow2");
        assertThat(disk("root")).doesNotExist();
        assertThat(disk("data")).exists();
        assertThat(client.everything().getVmsList()).as("the ended run is still here").hasSize(1);
        client.remove(epoch(2, true));
        assertThat(disk("data")).doesNotExist();
    }

    @Test
    void diskSmallerThanItsImageIsRefusedAndNothingIsKept() throws Exception {
        StartVmRequest.Disk small = vm.getDisks(0).toBuilder().setSizeBytes(512).build();
        cluster.own("web-1", UID, host, 1);
        StatusRuntimeException refusal = refused(client, vm.toBuilder().clearDisks().addDisks(vm.getDisks(1))
                .addDisks(small).build());
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.getMessage()).contains("size_bytes of disk root : 512", "at least 1048576");
        assertThat(disk("data")).doesNotExist();
        assertThat(client.everything().getVms(0).getKeepsDisks()).isFalse();
    }

    @Test
    void fileThatIsNoImageIsRefusedNamingWhatIsWrong() throws Exception {
        StartVmRequest.Disk wrong = vm.getDisks(0).toBuilder()
                .setImageFormat(StartVmRequest.Disk.Format.QCOW2).build();
        cluster.own("web-1", UID, host, 1);
        StatusRuntimeException refusal = refused(client, vm.toBuilder().setDisks(0, wrong).build());
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refusal.getMessage()).contains("qcow2");
    }

    @Test
    void disksStayWhereTheRecordCountsOnThemAlsoWithoutOwnership() throws Exception {
        start(vm);
        leave();
        cluster.keepDisks("web-1", UID, host);
        join();

        VmObservation left = client.awaitEnd(UID);
        assertThat(left.getKeepsDisks()).isTrue();
        assertThat(disk("root")).exists();
    }
}
