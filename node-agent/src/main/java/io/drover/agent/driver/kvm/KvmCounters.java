package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.vmm.client.VmmDiskStatus;
import io.drover.vmm.client.VmmStatus;
import java.util.ArrayList;
import java.util.List;

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
        return new MachineCounters(disks);
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
