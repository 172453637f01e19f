package io.drover.agent;

import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.qemu.Accelerator;
import io.drover.agent.driver.qemu.QemuDriver;
import io.drover.agent.folder.FolderWatch;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The drivers of this host, each tried out. */
final class HostDrivers {
    private HostDrivers() {}

    /**
     * Tries the drivers.
     *
     * @param names of those that are wanted
     * @param qemu a program's name, or its file
     * @param watches stays open as long as the drivers are used
     * @return by name, the better first
     */
    static Map<String, Driver> probe(Set<String> names, String qemu, FolderWatch watches) throws InterruptedException {
        Map<String, Driver> drivers = new LinkedHashMap<>();
        if (names.contains("qemu")) {
            String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
            drivers.put("qemu", QemuDriver.find(qemu, path, Accelerator.TCG, watches));
        }
        return drivers;
    }

    static boolean isUsable(Driver driver) {
        return driver.status() instanceof DriverStatus.Usable;
    }
}
