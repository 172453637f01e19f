package io.drover.agent.driver.qemu;

import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachinePlan;
import java.io.IOException;

/**
 * How fast QEMU lets a disk be used: its {@code block_set_io_throttle} (QEMU QMP reference, BlockIOThrottle), which changes what
 * runs, and carries over what was used already. A burst is a tenth of a second's worth, QEMU's own choice.
 */
final class QemuDiskLimits {
    private QemuDiskLimits() {}

    /** Sets those of all disks of a machine that has not run yet: until then it has none. */
    static void setAll(QmpClient monitor, MachinePlan plan) throws IOException {
        for (int index = 0; index < plan.disks().size(); index++) {
            MachineDisk.Rate rate = plan.disks().get(index).rate();
            if (!rate.equals(MachineDisk.Rate.ANY)) {
                set(monitor, index, rate);
            }
        }
    }

    /** Sets those of one, in the place of what it had. */
    static void set(QmpClient monitor, int index, MachineDisk.Rate rate) throws IOException {
        JsonObject arguments = new JsonObject();
        arguments.addProperty("id", QemuDisk.backend(index));
        arguments.addProperty("bps", rate.bytesPerSecond());
        arguments.addProperty("bps_rd", 0);
        arguments.addProperty("bps_wr", 0);
        arguments.addProperty("iops", rate.operationsPerSecond());
        arguments.addProperty("iops_rd", 0);
        arguments.addProperty("iops_wr", 0);
        monitor.execute("block_set_io_throttle", arguments);
    }
}
