package io.drover.controller.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Consoles;
import io.drover.controller.record.Desired;
import io.drover.controller.record.DeviceChange.Kind;
import io.drover.controller.record.Disk;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.Resources;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What requests for other devices make of a VM, and what becomes of that when its run ends. */
final class DeviceIntentsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final HostId H1 = new HostId("h1");
    private static final Disk ROOT = new Disk("root", Optional.of(new ImageId("bookworm")), 0, false, "",
            Disk.Cache.WRITE_BACK);
    private static final Disk DATA = new Disk("data", Optional.empty(), 1 << 20, false, "", Disk.Cache.WRITE_BACK);
    private static final Nic LAN = new Nic("lan", new Nic.Network.Bridge("br0"), Optional.empty(), 0, 1,
            Nic.FrameRate.ANY, Nic.FrameRate.ANY);

    private static Vm stopped(Disk... disks) {
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(disks),
                List.of(), false, Consoles.NONE, Optional.empty(), new GuestDevices(true, Optional.empty()),
                Resources.NONE);
        return Vm.created(new VmId("web-1"), "uid-1", spec, new Desired.Stopped(java.time.Duration.ZERO), NOW);
    }

    private static Vm running(Disk... disks) {
        return stopped(disks).askedToRun(NOW)
                .placed(new Placement(Optional.of(H1), "kvm", 1, 1, 1, Map.of(), "", NOW), NOW)
                .in(Phase.RUNNING, "", NOW).withDisksOn(H1);
    }

    private static Vm ended(Vm vm) {
        return vm.ended(new RunEnd(RunEnd.Cause.KILLED, "", NOW), 0, Phase.STOPPED, NOW);
    }

    private static Vm changed(Plan plan) {
        return switch (plan) {
            case Plan.Change(Vm next) -> next;
            case Plan.Changed(Vm next) -> next;
            case Plan.Join _,Plan.Settled _,Plan.Refuse _ -> throw new AssertionError(plan);
        };
    }

    private static String refusal(Plan plan) {
        return ((Problem.NotNow) ((Plan.Refuse) plan).problem()).reason();
    }

    @Test
    void stoppedVmHasTheChangeAtOnce() throws Exception {
        Plan plan = DeviceIntents.attachDisk(stopped(), DATA);
        assertThat(plan).isInstanceOf(Plan.Changed.class);
        assertThat(changed(plan).spec().disks()).containsExactly(DATA);
        assertThat(changed(plan).devices().change()).isEmpty();
        assertThat(changed(plan).devices().generation()).isEqualTo(1);
        assertThat(changed(DeviceIntents.attachNic(stopped(), LAN)).spec().nics()).containsExactly(LAN);
    }

    @Test
    void runThatIsBehindHasOnePendingChange() throws Exception {
        Vm vm = changed(DeviceIntents.attachDisk(running(ROOT), DATA));
        assertThat(vm.spec().disks()).containsExactly(ROOT, DATA);
        assertThat(vm.devices().pending().orElseThrow().kind()).isEqualTo(new Kind.AttachDisk("data"));
        assertThat(refusal(DeviceIntents.attachNic(vm, LAN))).isEqualTo("DEVICE_CHANGE_PENDING");
        assertThat(vm.devicesChanged().devices().change()).isEmpty();
        assertThat(changed(DeviceIntents.attachNic(vm.devicesChanged(), LAN)).spec().nics()).containsExactly(LAN);
    }

    @Test
    void changeThatCannotBeMadeIsTakenBack() throws Exception {
        Vm vm = running(ROOT, DATA);
        for (Plan plan : List.of(DeviceIntents.attachNic(vm, LAN), DeviceIntents.detachDisk(vm, "data", true, false),
                DeviceIntents.resizeDisk(vm, "data", 2 << 20), DeviceIntents.setMemoryTarget(vm, 32 << 20),
                DeviceIntents.setDiskLimits(vm, "root", new Disk.Limits(1 << 20, 10)))) {
            Vm failed = changed(plan).devicesNotChanged("no");
            assertThat(failed.spec()).isEqualTo(vm.spec());
            assertThat(failed.devices().pending()).isEmpty();
            assertThat(failed.devices().change().orElseThrow().failure()).contains("no");
        }
    }

    @Test
    void contentsAreNotLostByTheWay() throws Exception {
        assertThat(refusal(DeviceIntents.detachDisk(running(DATA), "data", false, false)))
                .isEqualTo("CONTENTS_WOULD_BE_LOST");
        assertThat(refusal(DeviceIntents.detachDisk(running(DATA), "other", true, false))).isEqualTo("NO_SUCH_DEVICE");
    }

    @Test
    void detachmentCanBeUrged() throws Exception {
        Vm asked = changed(DeviceIntents.detachDisk(running(ROOT, DATA), "data", true, false));
        Vm urged = changed(DeviceIntents.detachDisk(asked, "data", true, true));
        assertThat(urged.devices().pending().orElseThrow().kind()).isEqualTo(new Kind.DetachDisk(DATA, true));
        assertThat(urged.devices().generation()).isGreaterThan(asked.devices().generation());
    }

    @Test
    void whatWasPendingWhenTheRunEndedIsSettledByTheNextStart() throws Exception {
        Vm gone = ended(changed(DeviceIntents.detachDisk(running(ROOT, DATA), "data", true, false)));
        assertThat(gone.devices().change()).isEmpty();
        assertThat(gone.devices().removedDisks()).containsExactly("data");
        assertThat(refusal(DeviceIntents.attachDisk(gone, DATA))).isEqualTo("DISK_BEING_REMOVED");

        Vm come = ended(changed(DeviceIntents.attachDisk(running(ROOT), DATA)));
        assertThat(come.devices().addedDisks()).containsExactly("data");
        assertThat(come.withDisksInPlace().devices().addedDisks()).isEmpty();
    }

    @Test
    void namesOfDisksThatMovedAreFew() throws Exception {
        Vm vm = ended(running(ROOT));
        for (int disk = 0; disk < 4; disk++) {
            vm = changed(DeviceIntents.attachDisk(vm, new Disk("d" + disk, Optional.empty(), 1 << 20, false, "",
                    Disk.Cache.WRITE_BACK)));
        }
        assertThat(refusal(DeviceIntents.attachDisk(vm, DATA))).isEqualTo("TOO_MANY_DISKS_MOVED");
    }

    @Test
    void specOfAVmStaysOneThatCouldBeCreated() {
        Disk same = new Disk("other", Optional.empty(), 1 << 20, false, "data", Disk.Cache.WRITE_BACK);
        assertThatThrownBy(() -> DeviceIntents.attachDisk(running(DATA), same)).isInstanceOf(ProblemException.class)
                .hasMessageContaining("serial");
        assertThatThrownBy(() -> DeviceIntents.resizeDisk(running(DATA), "data", 1 << 19))
                .isInstanceOf(ProblemException.class).hasMessageContaining("size_bytes");
        assertThatThrownBy(() -> DeviceIntents.setMemoryTarget(running(), 128L << 20))
                .isInstanceOf(ProblemException.class).hasMessageContaining("memory_target_bytes");
    }
}
