package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineCounters.BalloonCounters;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineCounters.NicCounters;
import io.drover.agent.driver.MachineCounters.PortCounters;
import io.drover.agent.driver.MachineCounters.VsockCounters;
import io.drover.agent.driver.MachineCounters.WatchdogCounters;
import io.drover.vmm.client.VmmBalloonStatus;
import io.drover.vmm.client.VmmDiskStatus;
import io.drover.vmm.client.VmmNicStatus;
import io.drover.vmm.client.VmmPortStatus;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmVsockStatus;
import io.drover.vmm.client.VmmWatchdogStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** What a VMM tells of its devices. */
final class KvmCounters {
    /** Before they had names, disks were called by their places. */
    private static final String PLACE = "disk";
    private static final String PREFIX = "disk-";

    private KvmCounters() {}

    /** Disks are named as the VM's user knows them; those that come and go are among them as long as the VMM has them. */
    static MachineCounters of(VmmStatus status, List<String> diskNames) {
        List<DiskCounters> disks = new ArrayList<>();
        for (VmmDiskStatus disk : status.disks()) {
            disks.add(new DiskCounters(name(disk.id(), diskNames), disk.reads(), disk.readBytes(), disk.writes(),
                    disk.writtenBytes(), disk.flushes(), disk.discards(), disk.failures()));
        }
        List<NicCounters> nics = new ArrayList<>();
        for (VmmNicStatus nic : status.nics()) {
            nics.add(new NicCounters(nic.id(), nic.framesIn(), nic.bytesIn(), nic.droppedIn(), nic.framesOut(),
                    nic.bytesOut(), nic.droppedOut()));
        }
        List<PortCounters> ports = new ArrayList<>();
        for (VmmPortStatus port : status.consolePorts()) {
            ports.add(new PortCounters(port.name(), port.bytesIn(), port.bytesOut()));
        }
        return new MachineCounters(disks, nics, status.vsock().map(KvmCounters::vsock), ports,
                status.balloon().map(KvmCounters::balloon), status.watchdog().map(KvmCounters::watchdog),
                status.rngBytes());
    }

    private static VsockCounters vsock(VmmVsockStatus vsock) {
        return new VsockCounters(vsock.open(), vsock.fromHost(), vsock.fromGuest(), vsock.refused(), vsock.bytesIn(),
                vsock.bytesOut());
    }

    private static BalloonCounters balloon(VmmBalloonStatus balloon) {
        return new BalloonCounters(balloon.targetBytes(), balloon.guestBytes(),
                OptionalLong.of(balloon.inflatedBytes()), OptionalLong.of(balloon.reportedBytes()),
                balloon.statistics());
    }

    private static WatchdogCounters watchdog(VmmWatchdogStatus watchdog) {
        return new WatchdogCounters(watchdog.left().isPresent(), watchdog.expirations());
    }

    private static String name(String id, List<String> names) {
        for (int place = 0; place < names.size(); place++) {
            if (id.equals(KvmDisk.id(names.get(place))) || id.equals(PLACE + place)) {
                return names.get(place);
            }
        }
        return id.startsWith(PREFIX) ? id.substring(PREFIX.length()) : id;
    }
}
