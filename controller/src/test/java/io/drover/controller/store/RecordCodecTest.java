package io.drover.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.record.Consoles;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Desired;
import io.drover.controller.record.Disk;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.Host;
import io.drover.controller.record.HaPolicy;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostLease;
import io.drover.controller.record.HostResources;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.MacAddress;
import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.MigrationReport;
import io.drover.controller.record.VmMigration;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.Resources;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.PageSize;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.cpu.CpuidLeaf;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

/** Records come back as they were, stay small, and a newer program's are left alone. */
final class RecordCodecTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.123456789Z");
    private static final String LONGEST_NAME = "a".repeat(63);

    private static Vm vm(String extra, String text) {
        VmSpec spec = new VmSpec(64, 1L << 40, new ImageId(LONGEST_NAME), extra, "qemu", Map.of("zone", "a"),
                List.of("avx2"));
        Map<String, Integer> rejected = Map.of("ready", 5000, "cordoned", 5000, "driver", 5000, "architecture", 5000,
                "cpu_features", 5000, "labels", 5000, "vcpus", 5000, "memory", 5000, "refused", 5000);
        HostId host = new HostId(LONGEST_NAME);
        Placement placement = new Placement(Optional.of(host), "qemu", 1.5, 5000, 1, rejected, text, NOW);
        Vm vm = Vm.created(new VmId(LONGEST_NAME), "123e4567-e89b-12d3-a456-426614174000", spec, new Desired.Running(),
                NOW);
        for (int i = 0; i < 5; i++) {
            vm = vm.placed(placement, NOW).refused(new HostId("b" + i + "b".repeat(61)), text, NOW);
        }
        return vm.placed(placement, NOW).in(Phase.RUNNING, text, NOW)
                .ended(new RunEnd(RunEnd.Cause.VMM_FAILED, text, NOW), 7,
                        Phase.PENDING, NOW)
                .placed(placement, NOW).in(Phase.STARTING, text, NOW);
    }

    @Property(tries = 200)
    void vmRecordStaysUnderTwoKibibytesWhateverItsTexts(@ForAll @IntRange(max = 700) int extraChars,
            @ForAll @StringLength(max = 400) String text) throws Exception {
        Vm vm = vm("x".repeat(extraChars), text);
        byte[] bytes = VmCodec.encode(vm);
        assertThat(bytes.length).isLessThan(2048);
        Vm read = VmCodec.decode(bytes);
        assertThat(read.spec()).isEqualTo(vm.spec());
        assertThat(read.owner()).isEqualTo(vm.owner());
        assertThat(read.lastEpoch()).isEqualTo(7);
    }

    @Test
    void vmComesBackAsItWas() throws Exception {
        Vm running = vm("quiet", "short");
        assertThat(VmCodec.decode(VmCodec.encode(running))).isEqualTo(running);
        Vm stopping = running.askedToStop(new Desired.Stopped(Duration.ofMillis(1500)));
        assertThat(VmCodec.decode(VmCodec.encode(stopping))).isEqualTo(stopping);
        Vm going = running.askedToGo(NOW);
        assertThat(VmCodec.decode(VmCodec.encode(going))).isEqualTo(going);
    }

    @Test
    void vmWithDisksComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        Disk root = new Disk("root", Optional.of(new ImageId("bookworm")), 0, false, "", Disk.Cache.WRITE_BACK);
        Disk data = new Disk("data", Optional.empty(), 1 << 20, true, "S-1", Disk.Cache.WRITE_THROUGH);
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(root, data),
                List.of());
        Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW).withDisksOn(new HostId("h1"));
        assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
        assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(2);
        assertThat(VmRecord.parseFrom(VmCodec.encode(vm("quiet", "short"))).getFormat()).isEqualTo(1);
    }

    @Test
    void vmWithNicsComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        Nic first = new Nic("first",
                new Nic.Network.User(List.of(
                        new Nic.PortForward(Nic.PortForward.Protocol.TCP, "127.0.0.1", 8080, 80),
                        new Nic.PortForward(Nic.PortForward.Protocol.UDP, "", 53, 5353))),
                Optional.empty(), 0, 1, Nic.FrameRate.ANY, new Nic.FrameRate(1_000_000, 0));
        Nic second = new Nic("second", new Nic.Network.Bridge("br0"), MacAddress.parse("52:54:00:00:00:02"), 9000, 4,
                new Nic.FrameRate(0, 100), Nic.FrameRate.ANY);
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(),
                List.of(first, second));
        Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW);
        assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
        assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(3);
    }

    @Test
    void vmWithSocketsAndConsolesComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        for (Consoles consoles : List.of(Consoles.NONE, new Consoles(true, List.of("org.qemu.guest_agent.0", "b")))) {
            VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(),
                    List.of(),
                    !consoles.any(), consoles, Optional.empty(), GuestDevices.NONE, Resources.NONE);
            Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW);
            assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
            assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(4);
        }
    }

    @Test
    void vmWithABalloonOrAWatchdogComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        for (GuestDevices devices : List.of(new GuestDevices(true, Optional.empty()),
                new GuestDevices(false, Optional.of(GuestDevices.Watchdog.RESET)),
                new GuestDevices(true, Optional.of(GuestDevices.Watchdog.POWER_OFF)))) {
            VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(),
                    List.of(), List.of(), false, Consoles.NONE, Optional.empty(), devices, Resources.NONE);
            Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW);
            assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
            assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(6);
        }
    }

    @Test
    void vmWithResourcesComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        for (Resources resources : List.of(
                new Resources(PageSize.HUGE_1G, true, new Resources.Numa.Node(0), false, 0, 0),
                new Resources(PageSize.SMALL, false, new Resources.Numa.OfCpus(), true, 0, 0),
                new Resources(PageSize.HUGE_2M, false, new Resources.Numa.Any(), false, 1500, 10))) {
            VmSpec spec = new VmSpec(1, 1L << 30, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(),
                    List.of(), false, Consoles.NONE, Optional.empty(), GuestDevices.NONE, resources);
            Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW);
            assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
            assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(8);
        }
    }

    @Test
    void vmWithAnHaPolicyComesBackInAFormatThatOlderProgramsRefuse() throws Exception {
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(), List.of(),
                false, Consoles.NONE, Optional.empty(), GuestDevices.NONE, Resources.NONE, 0,
                HaPolicy.RESTART);
        Placement placement = new Placement(Optional.of(new HostId("h1")), "kvm", 1, 1, 1, Map.of(), "", NOW);
        Vm vm = Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Running(), NOW).placed(placement, NOW);
        assertThat(vm.owner().orElseThrow().leased()).isTrue();
        assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
        assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(9);
        assertThat(vm("quiet", "short").owner().orElseThrow().leased()).isFalse();
    }

    @Test
    void cpuModelsArePutAndReadAndAskForAProgramThatKnowsThem() throws Exception {
        CpuModel model = new CpuModel(new CpuModelId("rack"),
                new Cpu(List.of(new CpuidLeaf(1, 0, 0xA00F11, 0, -1, 1 << 26), new CpuidLeaf(0xD, 2, 256, 576, 0, 0))),
                List.of(new HostId("h2"), new HostId("h1")), "both", NOW, "request");
        assertThat(CpuModelCodec.decode(CpuModelCodec.encode(model))).isEqualTo(model);
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(),
                List.of(), false, Consoles.NONE, Optional.of(model.id()), GuestDevices.NONE, Resources.NONE);
        Vm vm = Vm.created(new VmId("web-1"), "uid", spec, new Desired.Running(), NOW);
        assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
        assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(5);
    }

    @Test
    void hostImageAndTaskComeBackAsTheyWere() throws Exception {
        Host host = new Host(new HostId("h1"), Map.of("zone", "a"), "x86_64", "cpu", List.of("avx2"), 8, 1L << 30, 32,
                1L << 29,
                List.of(new Host.Driver("qemu", true, "found"), new Host.Driver("kvm", true, "", true)), true, false,
                List.of("bridge/br0", "user"),
                Optional.of(new Cpu(List.of(new CpuidLeaf(0x8000_0001, 0, 0, 0, -1, 1 << 31)))),
                new HostResources(new Extras(6, 1L << 30, 2L << 30), "2-7",
                        List.of(new HostResources.NumaNode(1, "4-7", 1L << 30)), true, "/sys/fs/cgroup/drover"));
        assertThat(host.resources().offered()).containsExactlyInAnyOrder("limits", "numa_node/1");
        assertThat(HostCodec.decode(host.id(), HostCodec.encode(host))).isEqualTo(host);
        assertThat(HostCodec.decode(host.id(), HostCodec.encode(host.withFence(false))))
                .isEqualTo(host.withFence(false));
        Host leases = HostCodec.decode(host.id(),
                HostRecord.parseFrom(HostCodec.encode(host.withFence(true))).toBuilder()
                        .setLease(HostRecord.Lease.newBuilder().setLeaseMillis(10_000).setTakeoverWaitMillis(12_000))
                        .build()
                        .toByteArray());
        assertThat(leases.lease()).contains(new HostLease(Duration.ofSeconds(10), Duration.ofSeconds(12)));
        assertThat(leases.returns()).isTrue();
        assertThat(HostCodec.decode(host.id(), HostCodec.encode(leases))).isEqualTo(leases);
        Image.ImageFile file = new Image.ImageFile(Sha256.of(new byte[] {1}), 1, "vmlinuz");
        Image kernel = new Image(new ImageId("debian"), new Image.Kernel(file, Optional.of(file), "quiet"), "d", NOW,
                "r");
        assertThat(ImageCodec.decode(ImageCodec.encode(kernel))).isEqualTo(kernel);
        Image disk = new Image(new ImageId("disk"), new Image.Disk(file, Image.Disk.Format.QCOW2), "d", NOW, "");
        assertThat(ImageCodec.decode(ImageCodec.encode(disk))).isEqualTo(disk);
        Task running = new Task(new TaskId("t-1"), "StartVm", new VmId("web-1"), "uid", 3, "r",
                Sha256.of(new byte[] {2}),
                new Task.State.Running(), NOW, true);
        Task.Fault fault = new Task.Fault(10, "SUPERSEDED", "by another", "wait");
        for (Task.State state : List.of(running.state(), new Task.State.Succeeded(NOW),
                new Task.State.Failed(fault, NOW),
                new Task.State.Cancelled(fault, NOW))) {
            assertThat(TaskCodec.decode(TaskCodec.encode(running.ended(state)))).isEqualTo(running.ended(state));
        }
        Task ofAHost = new Task(new TaskId("t-2"), "DeleteHost", new HostId("h1"), "", 0, "", Sha256.of(new byte[] {3}),
                new Task.State.Running(), NOW, false);
        assertThat(TaskCodec.decode(TaskCodec.encode(ofAHost))).isEqualTo(ofAHost);
    }

    private static Vm migrating(Migration latest, String cancelReason, Optional<MigrationReport> report) {
        Vm vm = owned();
        return new Vm(vm.id(), vm.uid(), vm.generation(), vm.spec(), vm.desired(), vm.owner(), vm.lastEpoch(),
                vm.status(),
                vm.lastEnd(), vm.placement(), vm.created(), vm.reboots(), vm.refusals(), vm.remains(), vm.disksHost(),
                vm.saved(), vm.devices(), new VmMigration(latest, cancelReason, report));
    }

    private static Vm owned() {
        Vm free = Vm.created(new VmId("web-1"), "uid", vm("quiet", "short").spec(), new Desired.Running(), NOW);
        return free.placed(new Placement(Optional.of(new HostId("h1")), "kvm", 1, 1, 1, Map.of(), "", NOW), NOW);
    }

    @Test
    void savedVmsAreNotForProgramsThatKnowNone() throws Exception {
        Vm saving = owned().askedToSuspend(NOW).in(Phase.SUSPENDING, "", NOW);
        Vm saved = saving.withSaved(Optional.of(new SavedGuest(new HostId("h1"), 1)))
                .ended(new RunEnd(RunEnd.Cause.SUSPENDED, "saved", NOW), 0, Phase.SUSPENDED, NOW);
        for (Vm vm : List.of(saving, saved, saved.askedToRun(NOW))) {
            assertThat(VmCodec.decode(VmCodec.encode(vm))).isEqualTo(vm);
            assertThat(VmRecord.parseFrom(VmCodec.encode(vm)).getFormat()).isEqualTo(13);
        }
        assertThat(
                VmRecord.parseFrom(VmCodec.encode(saved.askedToStop(new Desired.Stopped(Duration.ZERO)))).getFormat())
                .isLessThan(13);
    }

    @Test
    void latestMigrationOfAVmIsKeptWithAReportOfItsEnd() throws Exception {
        Move move = new Move("m-8c99d5def28b3341160ecbfd35", new io.drover.scheduler.host.HostId("h1"),
                new io.drover.scheduler.host.HostId("h2"), 1,
                new MoveOptions(250, 100, 4, MoveOptions.Unconverged.GIVE_UP, 60_000,
                        MoveOptions.Compression.LZ4),
                NOW.toEpochMilli());
        for (Migration underWay : List.of(new Migration.Preparing(move, true),
                new Migration.Copying(move, "h2.example.org:7000", false),
                new Migration.Switching(move, "h2.example.org:7000"))) {
            byte[] bytes = VmCodec.encode(migrating(underWay, "no room", Optional.empty()));
            assertThat(VmCodec.decode(bytes)).isEqualTo(migrating(underWay, "no room", Optional.empty()));
            assertThat(VmRecord.parseFrom(bytes).getFormat()).isEqualTo(10);
        }
        MigrationReport report = new MigrationReport(NOW, 1 << 30, 3, "NOT_CONVERGED",
                Optional.of(new MigrationDowntime(
                        Duration.ofMillis(42), Duration.ofMillis(20), Duration.ofNanos(5_001_000), Duration.ofMillis(9),
                        Duration.ofMillis(7), Duration.ofMillis(1))));
        for (Migration ended : List.of(new Migration.Committed(move), new Migration.Failed(move, "why"))) {
            for (Optional<MigrationReport> told : List.of(Optional.<MigrationReport>empty(), Optional.of(report))) {
                byte[] bytes = VmCodec.encode(migrating(ended, "", told));
                assertThat(VmCodec.decode(bytes)).isEqualTo(migrating(ended, "", told));
                assertThat(VmRecord.parseFrom(bytes).getFormat()).isLessThan(10);
            }
        }
    }

    @Test
    void migrationThatContradictsItsRecordIsNotRead() throws Exception {
        Move move = new Move("m1", new io.drover.scheduler.host.HostId("h1"), new io.drover.scheduler.host.HostId("h2"),
                1,
                MoveOptions.AUTO, 0);
        VmRecord record = VmRecord.parseFrom(
                VmCodec.encode(migrating(new Migration.Preparing(move, false), "", Optional.empty())));
        byte[] otherOwner = record.toBuilder()
                .setOwner(VmRecord.Owner.newBuilder().setHost("h3").setEpoch(1)).build().toByteArray();
        assertThatThrownBy(() -> VmCodec.decode(otherOwner)).isInstanceOf(UnreadableRecordException.class)
                .hasMessageContaining("the source of migration m1");
        byte[] ended = record.toBuilder().setMigration(record.getMigration().toBuilder()
                .setPhase(io.drover.proto.state.v1.Migration.Phase.FAILED)).build().toByteArray();
        assertThatThrownBy(() -> VmCodec.decode(ended)).isInstanceOf(UnreadableRecordException.class)
                .hasMessageContaining("expected: one that is under way");
    }

    @Test
    void recordOfANewerProgramAndDamagedBytesAreRefused() {
        byte[] newer = VmRecord.newBuilder().setFormat(1000).build().toByteArray();
        assertThatThrownBy(() -> VmCodec.decode(newer)).isInstanceOf(UnreadableRecordException.class)
                .hasMessageContaining("format");
        byte[] damaged = {(byte) 0xff, (byte) 0xff};
        assertThatThrownBy(() -> VmCodec.decode(damaged)).isInstanceOf(UnreadableRecordException.class);
        assertThatThrownBy(() -> TaskCodec.decode(new byte[0])).isInstanceOf(UnreadableRecordException.class);
        assertThatThrownBy(() -> ImageCodec.decode(new byte[0])).isInstanceOf(UnreadableRecordException.class);
    }

    @Test
    void pathsAreThoseOfTheLayout() {
        assertThat(Layout.path(new VmId("web-1"))).matches("/drover/vms/[0-3][0-9a-f]/web-1");
        assertThat(Layout.place(Layout.path(new VmId("web-1")))).contains(new Layout.Place.Of(new VmId("web-1")));
        assertThat(Layout.place("/drover/live/h1")).contains(new Layout.Place.SessionOf(new HostId("h1")));
        assertThat(Layout.place("/drover/controllers/_c_latch-0")).isEmpty();
        assertThat(Layout.place("/drover/vms/00")).isEmpty();
        assertThat(Layout.place("/drover/hosts/NOT-A-NAME")).isEmpty();
    }
}
