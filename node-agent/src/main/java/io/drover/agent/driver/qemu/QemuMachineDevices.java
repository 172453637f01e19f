package io.drover.agent.driver.qemu;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.MachinePlan;
import java.io.IOException;

/**
 * The devices of a QEMU machine that runs. It has no slots for more, so that none comes or goes before the VM is stopped; what
 * its disks are may change.
 */
final class QemuMachineDevices implements MachineDevices {
    private final QmpClient monitor;
    private final MachinePlan plan;

    /**
     * Of one machine.
     *
     * @param plan whose disks it has, in this order
     */
    QemuMachineDevices(QmpClient monitor, MachinePlan plan) {
        this.monitor = monitor;
        this.plan = plan;
    }

    private int index(String name) throws DeviceRefusedException {
        for (int index = 0; index < plan.disks().size(); index++) {
            if (plan.disks().get(index).name().equals(name)) {
                return index;
            }
        }
        throw new DeviceRefusedException("the QEMU that runs has no disk " + name + "; next: look what the VM has");
    }

    @Override
    public boolean hasDisk(String name) {
        return false;
    }

    @Override
    public void limitDisk(String name, MachineDisk.Rate rate) throws DeviceRefusedException, IOException {
        int index = index(name);
        call("limits of disk " + name, () -> QemuDiskLimits.set(monitor, index, rate));
    }

    @Override
    public void resizeDisk(String name, long sizeBytes) throws DeviceRefusedException, IOException {
        int index = index(name);
        long now = QemuDisk.sizeBytes(monitor, index);
        if (sizeBytes < now || plan.disks().get(index).readOnly()) {
            throw new DeviceRefusedException("size of disk " + name + " : " + sizeBytes
                    + " (expected: at least " + now + ", what it has, of a disk that is not read-only)");
        }
        if (sizeBytes > now) {
            call("size of disk " + name, () -> QemuDisk.resize(monitor, index, sizeBytes));
        }
    }

    private interface Call {
        void run() throws IOException;
    }

    /** What QEMU refuses is refused; that it cannot be asked may pass. */
    private static void call(String what, Call call) throws DeviceRefusedException, IOException {
        try {
            call.run();
        } catch (IOException e) {
            if (e.getCause() instanceof QmpRefusedException refusal) {
                DeviceRefusedException refused = new DeviceRefusedException(
                        what + " : refused by QEMU: " + refusal.getMessage());
                refused.initCause(e);
                throw refused;
            }
            throw e;
        }
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
                "the driver qemu changes sizes and limits of the disks of a VM that runs, and nothing else; next: stop it, "
                        + "change it, start it");
    }
}
