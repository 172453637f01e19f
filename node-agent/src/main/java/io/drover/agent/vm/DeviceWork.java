package io.drover.agent.vm;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.UnbootableException;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import java.io.IOException;
import java.util.Optional;

/**
 * Makes one change of the devices of what runs. May be done again from the beginning at any time, by this agent or the next.
 *
 * @param user that the machine's process runs as
 */
record DeviceWork(ChangeDeviceRequest change, StartOrder.Prepared before, StartOrder.Prepared after, int user) {
    /**
     * Goes as far as it can.
     *
     * @return why it is not done yet: what is waited for; empty when the guest has the change
     */
    Optional<String> goOn(MachineDevices machine) throws DeviceRefusedException, IOException, InterruptedException {
        return switch (change.getChangeCase()) {
            case ATTACH_DISK -> attachDisk(machine, change.getAttachDisk().getName());
            case DETACH_DISK -> detachDisk(machine, change.getDetachDisk());
            case SET_DISK -> setDisk(machine, change.getSetDisk());
            case ATTACH_NIC -> attachNic(machine, change.getAttachNic().getName());
            case DETACH_NIC -> detachNic(machine, change.getDetachNic());
            case MEMORY_TARGET_BYTES -> {
                long bytes = change.getMemoryTargetBytes();
                machine.setMemoryTarget(bytes == 0 ? after.plan().memoryBytes() : bytes);
                yield Optional.empty();
            }
            case CHANGE_NOT_SET -> throw new DeviceRefusedException("a change of no kind that this agent knows");
        };
    }

    private Optional<String> attachDisk(MachineDevices machine, String name)
            throws DeviceRefusedException, IOException {
        try {
            if (!machine.hasDisk(name)) {
                // What an attempt that failed has left, and no guest has seen.
                after.disks().remove(name);
                after.disks().make(name);
            }
        } catch (UnbootableException e) {
            DeviceRefusedException refused = new DeviceRefusedException(e.getMessage());
            refused.initCause(e);
            throw refused;
        }
        boolean refused = true;
        try {
            machine.attachDisk(disk(after, name));
            refused = false;
            return Optional.empty();
        } catch (IOException e) {
            refused = false;
            throw e;
        } finally {
            if (refused) {
                after.disks().remove(name);
            }
        }
    }

    private static MachineDisk disk(StartOrder.Prepared of, String name) throws DeviceRefusedException {
        return of.plan().disks().stream().filter(disk -> disk.name().equals(name)).findFirst()
                .orElseThrow(() -> new DeviceRefusedException("the VM has no disk " + name));
    }

    private Optional<String> detachDisk(MachineDevices machine, ChangeDeviceRequest.Release release)
            throws DeviceRefusedException, IOException {
        if (!machine.detachDisk(release.getName(), release.getForce())) {
            return Optional.of("the guest has not let go of disk " + release.getName() + " yet");
        }
        after.disks().remove(release.getName());
        return Optional.empty();
    }

    private Optional<String> setDisk(MachineDevices machine, StartVmRequest.Disk disk)
            throws DeviceRefusedException, IOException {
        MachineDisk was = disk(before, disk.getName());
        MachineDisk wanted = disk(after, disk.getName());
        if (!was.rate().equals(wanted.rate())) {
            machine.limitDisk(disk.getName(), wanted.rate());
        }
        if (disk.getSizeBytes() > 0 && disk.getSizeBytes() != before.disks().sizeBytes(disk.getName())) {
            machine.resizeDisk(disk.getName(), disk.getSizeBytes());
        }
        return Optional.empty();
    }

    private Optional<String> attachNic(MachineDevices machine, String name)
            throws DeviceRefusedException, IOException, InterruptedException {
        MachineNic nic = after.plan().nics().stream().filter(each -> each.name().equals(name)).findFirst()
                .orElseThrow();
        boolean refused = false;
        if (!machine.hasNic(name)) {
            after.nics().make(name, user);
        }
        try {
            machine.attachNic(nic);
            return Optional.empty();
        } catch (DeviceRefusedException e) {
            refused = true;
            throw e;
        } finally {
            if (refused) {
                after.nics().remove(name);
            }
        }
    }

    private Optional<String> detachNic(MachineDevices machine, ChangeDeviceRequest.Release release)
            throws DeviceRefusedException, IOException, InterruptedException {
        if (!machine.detachNic(release.getName(), release.getForce())) {
            return Optional.of("the guest has not let go of nic " + release.getName() + " yet");
        }
        before.nics().remove(release.getName());
        return Optional.empty();
    }
}
