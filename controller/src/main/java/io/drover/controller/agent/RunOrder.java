package io.drover.controller.agent;

import io.drover.controller.record.Consoles;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.DeviceState;
import io.drover.controller.record.GenerationId;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.Resources;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.VmId;
import java.util.List;
import java.util.Optional;

/**
 * All that a host needs to run a VM.
 *
 * @param operation for its log
 * @param disksExpected the guest has run with these disks on this host, so that none is to be made anew
 * @param cpuModel what the guest sees as its CPU; empty: what the host offers
 * @param devices beside disks and networks
 * @param resources what of the host it is given beside a share of CPUs and memory
 * @param deviceState what has come and gone since the last run
 * @param memoryTargetBytes what the guest is to be left with of its memory; 0: all of it
 * @param leaseNeeded whether the guest may run only while the host is known for certain to own the VM
 * @param savedEpoch the guest goes on from what the host has saved of this run; 0: it boots
 */
public record RunOrder(VmId vm, String uid, long epoch, String operation, String driver, int vcpus, long memoryBytes,
        Sha256 kernel, Optional<Sha256> initramfs, String commandLine, List<RunDisk> disks, boolean disksExpected,
        List<RunNic> nics, boolean vsock, Consoles consoles, Optional<CpuModel> cpuModel,
        GuestDevices devices, GenerationId generationId, Resources resources, DeviceState deviceState,
        long memoryTargetBytes, boolean leaseNeeded, long savedEpoch) {
    public RunOrder {
        disks = List.copyOf(disks);
        nics = List.copyOf(nics);
    }
}
