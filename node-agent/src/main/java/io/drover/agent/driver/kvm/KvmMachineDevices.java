package io.drover.agent.driver.kvm;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineNic;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/** The devices of a VMM of ours, by its control socket. */
final class KvmMachineDevices implements MachineDevices {
    private static final String STOP_FIRST = "; next: stop the VM, change it, start it";
    /** What may pass by itself; all else is refused whenever it is asked. */
    private static final Set<String> PASSING = Set.of("BUSY", "FAILED");

    private final VmmClient client;
    private final KvmFiles files;

    KvmMachineDevices(VmmClient client, KvmFiles files) {
        this.client = client;
        this.files = files;
    }

    private interface Call {
        void run() throws IOException, VmmRefusedException;
    }

    private static void call(Call call) throws DeviceRefusedException, IOException {
        call(call, Set.of("UNSUPPORTED"));
    }

    /** What is refused for one of these reasons may be had by the VM's next process. */
    private static void call(Call call, Set<String> ofThisProcess) throws DeviceRefusedException, IOException {
        try {
            call.run();
        } catch (VmmRefusedException e) {
            if (PASSING.contains(e.reason())) {
                throw new IOException("the VMM refused: " + e.getMessage(), e);
            }
            DeviceRefusedException refused = new DeviceRefusedException(
                    ofThisProcess.contains(e.reason()) ? e.getMessage() + STOP_FIRST : e.getMessage());
            refused.initCause(e);
            throw refused;
        }
    }

    @Override
    public boolean hasDisk(String name) throws IOException {
        return has(KvmDisk.id(name));
    }

    @Override
    public void limitDisk(String name, MachineDisk.Rate rate) throws DeviceRefusedException, IOException {
        call(() -> client.limitDisk(KvmDisk.id(name), KvmDisk.of(rate)),
                // By a VMM of an earlier release, which knows of no such request.
                Set.of("UNSUPPORTED", "BAD_REQUEST"));
    }

    @Override
    public void attachDisk(MachineDisk disk) throws DeviceRefusedException, IOException {
        VmmDisk asked = KvmDisk.of(disk);
        if (!has(asked.id())) {
            Set<Path> known = VmmSettings.read(files.settings()).disks().stream()
                    .flatMap(each -> each.backing().stream()).map(VmmDisk.File::path).collect(Collectors.toSet());
            if (disk.backing().isPresent() && !known.contains(disk.backing().get().file())) {
                // It is not in the file system that the VMM sees.
                throw new DeviceRefusedException(
                        "disk " + disk.name() + " lies on an image that none of the VM's disks lay "
                                + "on when it started, and a process that runs is given no more files" + STOP_FIRST);
            }
        }
        call(() -> client.attachDisk(asked));
    }

    @Override
    public boolean detachDisk(String name, boolean force) throws DeviceRefusedException, IOException {
        return detach(KvmDisk.id(name), force);
    }

    private boolean detach(String id, boolean force) throws DeviceRefusedException, IOException {
        if (has(id)) {
            call(() -> client.detach(id, force));
        }
        return !has(id);
    }

    private boolean has(String id) throws IOException {
        try {
            return client.status().disks().stream().anyMatch(disk -> disk.id().equals(id))
                    || client.status().nics().stream().anyMatch(nic -> nic.id().equals(id));
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        }
    }

    @Override
    public void resizeDisk(String name, long sizeBytes) throws DeviceRefusedException, IOException {
        call(() -> client.resizeDisk(KvmDisk.id(name), sizeBytes));
    }

    @Override
    public boolean hasNic(String name) throws IOException {
        return has(name);
    }

    @Override
    public void attachNic(MachineNic nic) throws DeviceRefusedException, IOException {
        if (nic.network() instanceof MachineNic.Network.User && !hasNic(nic.name()) && !mayStartPrograms()) {
            // Its filter of system calls lets it start none.
            throw new DeviceRefusedException(
                    "nic " + nic.name() + " needs passt, and the VM was started without a user network, "
                            + "so that its process may start no program" + STOP_FIRST);
        }
        call(() -> client.attachNic(KvmNic.of(nic)));
    }

    private boolean mayStartPrograms() throws IOException {
        return VmmSettings.read(files.settings()).nics().stream().map(VmmNic::network)
                .anyMatch(VmmNic.Network.User.class::isInstance);
    }

    @Override
    public boolean detachNic(String name, boolean force) throws DeviceRefusedException, IOException {
        return detach(name, force);
    }

    @Override
    public void setMemoryTarget(long guestBytes) throws DeviceRefusedException, IOException {
        call(() -> client.setMemoryTarget(guestBytes));
    }
}
