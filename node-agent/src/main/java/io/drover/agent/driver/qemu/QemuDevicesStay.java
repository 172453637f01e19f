package io.drover.agent.driver.qemu;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineNic;

/** The devices of QEMU's machines, which have no slots for more: they change while the VM is stopped. */
final class QemuDevicesStay implements MachineDevices {
    @Override
    public boolean hasDisk(String name) {
        return false;
    }

    @Override
    public void limitDisk(String name, MachineDisk.Rate rate) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public void attachDisk(MachineDisk disk) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public boolean detachDisk(String name, boolean force) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public void resizeDisk(String name, long sizeBytes) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public boolean hasNic(String name) {
        return false;
    }

    @Override
    public void attachNic(MachineNic nic) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public boolean detachNic(String name, boolean force) throws DeviceRefusedException {
        throw refused();
    }

    @Override
    public void setMemoryTarget(long guestBytes) throws DeviceRefusedException {
        throw refused();
    }

    private static DeviceRefusedException refused() {
        return new DeviceRefusedException(
                "the driver qemu does not change the devices of a VM that runs; next: stop it, "
                        + "change it, start it");
    }
}
