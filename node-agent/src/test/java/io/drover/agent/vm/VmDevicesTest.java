package io.drover.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.confinement.Confinements;
import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.kvm.KvmDriver;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.driver.qemu.Accelerator;
import io.drover.agent.driver.qemu.QemuDriver;
import io.drover.agent.files.FileStore;
import io.drover.agent.files.IncomingFile;
import io.drover.agent.files.Sha256;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.lease.Leases;
import io.drover.agent.migration.MigrationNetwork;
import io.drover.agent.migration.Migrations;
import io.drover.agent.net.HostNetworks;
import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.share.HostShares;
import io.drover.agent.host.HostTopology;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmObservation.DeviceState;
import io.drover.scheduler.host.HostId;
import io.drover.vmm.client.MigrationPorts;
import io.drover.vmm.testing.TinyGuest;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Devices of a VM that runs. The tiny guest lets go of nothing: what it is asked for stays until it is taken. */
@Timeout(120)
final class VmDevicesTest {
    private static final long PATIENCE_SECONDS = 30;

    @TempDir
    Path temp;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final BlockingQueue<VmObservation> seen = new LinkedBlockingQueue<>();
    private FolderWatch watches;
    private Path data;
    private FileStore files;
    private HostNetworks networks;
    private HostShares shares;
    private VmFolder folder;
    private Driver driver;
    private Vm vm;

    @BeforeEach
    void prepare() throws Exception {
        watches = new FolderWatch();
        data = Files.createDirectories(temp.toRealPath().resolve("data"));
        files = new FileStore(Files.createDirectory(data.resolve("files")), 64L << 20, InstantSource.system(),
                stored -> {});
        networks = HostNetworks.probe(data, Set.of());
        shares = new HostShares(HostTopology.read(), new TreeSet<>(), new Cgroups.Found.Unusable("not in this test"));
        folder = new VmFolder(Files.createDirectory(data.resolve("vms")).resolve("uid-1"));
    }

    @AfterEach
    void end() throws Exception {
        if (vm != null) {
            var _ = vm.destroy("the test ends").get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            vm.close();
        }
        timer.shutdownNow();
        watches.close();
    }

    private void startUnderKvm() throws Exception {
        Path device = Path.of("/dev/kvm");
        assumeTrue(Files.isReadable(device) && Files.isWritable(device), "no /dev/kvm that this user may open");
        VmmProgram program = VmmProgram.installed();
        driver = new KvmDriver(program, new Confinements(data, program.files(), List.of()).find(ConfinementChoice.AUTO),
                new DriverStatus.Usable("opens"));
        start();
    }

    private void start() throws Exception {
        StartVmRequest start = StartVmRequest.newBuilder().setVm("web-1").setUid("uid-1").setEpoch(1)
                .setDriver(driver.name()).setVcpus(1).setMemoryBytes(16L << 20)
                .setKernelSha256(put(TinyGuest.withBanner("here").elf())).setCommandLine("console=ttyS0")
                .addDisks(disk("root")).setBalloon(StartVmRequest.Balloon.getDefaultInstance()).build();
        vm = vm(new LocalRecord(start, new LocalState.Starting(Vm.now()), 0));
        assertThat(vm.start().get(PATIENCE_SECONDS, TimeUnit.SECONDS).getState())
                .isEqualTo(VmObservation.State.RUNNING);
    }

    private Vm vm(LocalRecord record) {
        return new Vm(prepared(record.start()), driver, folder, record,
                new Vm.Surroundings(timer, seen::add, step -> {}, shares,
                        new Leases(Duration.ofSeconds(10), vm -> true),
                        new Migrations(new HostId("h1"),
                                new MigrationNetwork(InetAddress.getLoopbackAddress(), MigrationPorts.ANY, "127.0.0.1",
                                        Optional.empty()),
                                vm -> {
                                    throw new AssertionError("no migration here");
                                }, () -> Leases.NONE),
                        uid -> {}),
                this::prepared);
    }

    private StartOrder.Prepared prepared(StartVmRequest start) {
        return StartOrder.of(start).prepareAgain(files, folder, networks);
    }

    private String put(byte[] content) throws Exception {
        String name = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        try (IncomingFile file = files.receive(new Sha256(name), content.length)) {
            file.write(ByteBuffer.wrap(content));
            file.finish();
        }
        return name;
    }

    private static StartVmRequest.Disk disk(String name) {
        return StartVmRequest.Disk.newBuilder().setName(name).setSizeBytes(1 << 20).setSerial(name).build();
    }

    private static ChangeDeviceRequest.Builder change(long generation) {
        return ChangeDeviceRequest.newBuilder().setVm("web-1").setUid("uid-1").setEpoch(1).setGeneration(generation);
    }

    private static ChangeDeviceRequest.Release release(String name, boolean force) {
        return ChangeDeviceRequest.Release.newBuilder().setName(name).setForce(force).build();
    }

    private VmObservation ask(ChangeDeviceRequest.Builder change) throws Exception {
        return vm.change(change.build()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** As far as it got within a while. */
    private VmObservation changed(ChangeDeviceRequest.Builder change) throws Exception {
        VmObservation now = ask(change);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (now.getDeviceState() == DeviceState.DEVICE_PENDING && System.nanoTime() < end) {
            VmObservation next = seen.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            now = next == null ? now : next;
        }
        assertThat(now.getDeviceGeneration()).isEqualTo(change.getGeneration());
        assertThat(now.getDeviceState()).as(now.getDeviceMessage()).isEqualTo(DeviceState.DEVICE_STATE_UNSPECIFIED);
        return now;
    }

    private List<String> disks() throws Exception {
        return vm.machine().orElseThrow().counters().disks().stream().map(DiskCounters::name).toList();
    }

    private Path file(String name) {
        return folder.disks().resolve(name + ".qcow2");
    }

    @Test
    void disksComeGrowAndGoAndWhoeverComesBackGoesOn() throws Exception {
        startUnderKvm();
        var _ = changed(change(1).setAttachDisk(disk("data")));
        assertThat(disks()).containsExactly("root", "data");
        assertThat(file("data")).exists();
        var _ = changed(change(2).setSetDisk(disk("data").toBuilder().setSizeBytes(2 << 20)));
        var _ = changed(change(3).setMemoryTargetBytes(8 << 20));

        VmObservation asked = ask(change(4).setDetachDisk(release("data", false)));
        assertThat(asked.getDeviceState()).isEqualTo(DeviceState.DEVICE_PENDING);
        assertThat(asked.getDeviceMessage()).contains("has not let go of disk data");
        vm.close();
        vm = vm(LocalRecord.read(folder).orElseThrow());
        assertThat(vm.observation().getDeviceGeneration()).isEqualTo(4);
        assertThat(vm.adopt().get(PATIENCE_SECONDS, TimeUnit.SECONDS).getDeviceState())
                .isEqualTo(DeviceState.DEVICE_PENDING);
        assertThat(file("data")).as("while the guest has it").exists();

        seen.clear();
        var _ = changed(change(5).setDetachDisk(release("data", true)));
        assertThat(disks()).containsExactly("root");
        assertThat(file("data")).doesNotExist();
        assertThat(ask(change(1).setAttachDisk(disk("data"))).getDeviceGeneration()).as("an old request").isEqualTo(5);
        assertThat(disks()).containsExactly("root");
    }

    @Test
    void limitsOfADiskChangeAndWhoeverComesBackGoesOn() throws Exception {
        startUnderKvm();
        var _ = changed(change(1).setSetDisk(limited(1 << 20, 50)));
        assertThat(LocalRecord.read(folder).orElseThrow().start().getDisks(0)).as("of the next start")
                .isEqualTo(limited(1 << 20, 50));
        assertThatRootIsLimitedTo(new MachineDisk.Rate(1 << 20, 50));

        // This agent dies before the limits are set, and after they were set but before it has written so.
        for (int generation = 2; generation <= 3; generation++) {
            vm.close();
            LocalRecord record = LocalRecord.read(folder).orElseThrow();
            StartVmRequest start = record.start().toBuilder().setDisks(0, limited(1 << 20, 50)).build();
            record.with(start, record.devices().asked(change(generation).setSetDisk(limited(0, 70)).build()))
                    .write(folder);
            vm = vm(LocalRecord.read(folder).orElseThrow());
            VmObservation adopted = vm.adopt().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(adopted.getDeviceGeneration()).isEqualTo(generation);
            assertThat(adopted.getDeviceState()).as(adopted.getDeviceMessage())
                    .isEqualTo(DeviceState.DEVICE_STATE_UNSPECIFIED);
            assertThatRootIsLimitedTo(new MachineDisk.Rate(0, 70));
        }
        var _ = changed(change(4).setSetDisk(limited(0, 0)));
        assertThatRootIsLimitedTo(MachineDisk.Rate.ANY);

        StartVmRequest.Disk readOnly = disk("data").toBuilder().setReadOnly(true).build();
        var _ = changed(change(5).setAttachDisk(readOnly));
        var _ = changed(change(6).setSetDisk(readOnly.toBuilder().setOperationsPerSecond(9)));
    }

    private static StartVmRequest.Disk limited(long bytesPerSecond, long operationsPerSecond) {
        return disk("root").toBuilder().setBytesPerSecond(bytesPerSecond).setOperationsPerSecond(operationsPerSecond)
                .build();
    }

    /** A VMM says nothing when it is given a disk that it has, exactly so. */
    private void assertThatRootIsLimitedTo(MachineDisk.Rate rate) throws Exception {
        MachineDisk root = new MachineDisk("root", file("root"), Optional.empty(), false, "root", false, rate);
        vm.machine().orElseThrow().devices().attachDisk(root);
        assertThatThrownBy(() -> vm.machine().orElseThrow().devices().attachDisk(
                new MachineDisk("root", file("root"), Optional.empty(), false, "root", false,
                        new MachineDisk.Rate(rate.bytesPerSecond(), rate.operationsPerSecond() + 1))))
                .isInstanceOf(DeviceRefusedException.class).hasMessageContaining("other settings");
    }

    @Test
    void attachmentThatWasAskedForIsThereWhenTheNextProcessBegins() throws Exception {
        startUnderKvm();
        StartVmRequest start = LocalRecord.read(folder).orElseThrow().start();
        var _ = vm.destroy("another begins").get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        vm.close();
        ChangeDeviceRequest change = change(1).setAttachDisk(disk("data")).build();
        new LocalRecord(start, new LocalState.Starting(Vm.now()), 1, LocalRecord.Given.NOTHING,
                DeviceOrder.of(start).asked(change), Optional.empty()).write(folder);
        vm = vm(LocalRecord.read(folder).orElseThrow());
        Files.deleteIfExists(folder.run().resolve("exit.pb"));
        VmObservation adopted = vm.adopt().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(adopted.getState()).isEqualTo(VmObservation.State.RUNNING);
        assertThat(adopted.getDeviceGeneration()).isEqualTo(1);
        assertThat(adopted.getDeviceState()).isEqualTo(DeviceState.DEVICE_STATE_UNSPECIFIED);
        assertThat(disks()).containsExactly("root", "data");
    }

    @Test
    void whatARunCannotHaveIsRefusedAndNothingIsLeftOfIt() throws Exception {
        startUnderKvm();
        VmObservation nic = ask(change(1).setAttachNic(StartVmRequest.Nic.newBuilder().setName("net1")
                .setMac("52:54:00:00:00:01").setQueuePairs(1)
                .setUser(StartVmRequest.UserNetwork.getDefaultInstance())));
        assertThat(nic.getDeviceState()).isEqualTo(DeviceState.DEVICE_FAILED);
        assertThat(nic.getDeviceMessage()).contains("started without a user network", "stop the VM");
        VmObservation image = ask(change(2).setAttachDisk(disk("clone").toBuilder()
                .setImageSha256(put(new byte[1 << 20])).setImageFormat(StartVmRequest.Disk.Format.RAW)));
        assertThat(image.getDeviceState()).isEqualTo(DeviceState.DEVICE_FAILED);
        assertThat(image.getDeviceMessage()).contains("lies on an image", "stop the VM");
        assertThat(file("clone")).doesNotExist();
        assertThat(disks()).containsExactly("root");
    }

    @Test
    void driverQemuChangesLimitsAndSizesAndRefusesTheRestByName() throws Exception {
        driver = QemuDriver.find("qemu-system-x86_64", System.getenv("PATH"), Accelerator.TCG, watches);
        assumeTrue(driver.status() instanceof DriverStatus.Usable, driver.status().message());
        start();
        VmObservation refused = ask(change(1).setAttachDisk(disk("data")));
        assertThat(refused.getDeviceState()).isEqualTo(DeviceState.DEVICE_FAILED);
        assertThat(refused.getDeviceMessage()).contains("the driver qemu", "stop it");
        assertThat(file("data")).doesNotExist();
        var _ = changed(change(2).setSetDisk(limited(1 << 20, 50)));
        var _ = changed(change(3).setSetDisk(limited(1 << 20, 50).toBuilder().setSizeBytes(2 << 20)));
        assertThat(LocalRecord.read(folder).orElseThrow().start().getDisks(0).getSizeBytes()).isEqualTo(2 << 20);
    }
}
