package io.drover.agent;

import io.drover.agent.confinement.Confinement;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.kvm.KvmDriver;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.driver.qemu.Accelerator;
import io.drover.agent.driver.qemu.QemuDriver;
import io.drover.agent.folder.FolderWatch;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.selftest.SelfTest;
import io.drover.vmm.selftest.SelfTestResult;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The drivers of this host, each tried out. */
final class HostDrivers {
    private HostDrivers() {}

    /**
     * What there is.
     *
     * @param drivers by name, the better first
     * @param cpu what the driver kvm shows a guest as its CPU; empty where it is not usable
     */
    record Found(Map<String, Driver> drivers, List<VmmCpuidLeaf> cpu) {
        Found {
            drivers = Collections.unmodifiableMap(new LinkedHashMap<>(drivers));
            cpu = List.copyOf(cpu);
        }
    }

    /**
     * Tries the drivers; the self test of /dev/kvm takes up to a few seconds.
     *
     * @param names of those that are wanted
     * @param slowKvm whether a /dev/kvm that only emulates will do for the driver kvm
     * @param qemu a program's name, or its file
     * @param watches stays open as long as the drivers are used
     * @param confinement of VMMs
     */
    static Found probe(Set<String> names, boolean slowKvm, String qemu, FolderWatch watches, Confinement confinement)
            throws InterruptedException {
        // Also for QEMU, which may use a /dev/kvm only if it is better than QEMU's own CPU.
        SelfTestResult test = slowKvm ? SelfTest.runHoweverSlow() : SelfTest.run();
        DriverStatus kvm = KvmDriver.status(test);
        Map<String, Driver> drivers = new LinkedHashMap<>();
        if (names.contains("kvm")) {
            drivers.put("kvm", new KvmDriver(VmmProgram.installed(), confinement, confined(kvm, confinement)));
        }
        if (names.contains("qemu")) {
            String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
            Accelerator accelerator = test instanceof SelfTestResult.Usable usable
                    && usable.instructionsPerSecond() >= SelfTest.MIN_INSTRUCTIONS_PER_SECOND ? Accelerator.KVM
                            : Accelerator.TCG;
            drivers.put("qemu", QemuDriver.find(qemu, path, accelerator, watches));
        }
        boolean kvmUsable = drivers.containsKey("kvm") && isUsable(drivers.get("kvm"));
        return new Found(drivers,
                kvmUsable && test instanceof SelfTestResult.Usable usable ? usable.cpu() : List.of());
    }

    private static DriverStatus confined(DriverStatus kvm, Confinement confinement) {
        return switch (kvm) {
            case DriverStatus.Usable(String message) ->
                new DriverStatus.Usable(message + "; " + confinement.description());
            case DriverStatus.Unusable unusable -> unusable;
        };
    }

    static boolean isUsable(Driver driver) {
        return driver.status() instanceof DriverStatus.Usable;
    }
}
