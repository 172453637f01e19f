package io.drover.agent.driver.kvm;

import io.drover.agent.driver.GuestDevices;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmWatchdog;
import java.time.Duration;

/** The devices of a machine, beside disks and networks, as a VMM process of ours is told of them. */
final class KvmDevices {
    /** Often enough to look at, and seldom enough for a guest that sleeps. */
    private static final Duration STATISTICS_INTERVAL = Duration.ofSeconds(10);

    private KvmDevices() {}

    static VmmSettings with(VmmSettings settings, GuestDevices devices) {
        VmmSettings result = settings;
        if (devices.balloon()) {
            result = result.withBalloon(
                    new VmmBalloon(true, true, STATISTICS_INTERVAL, devices.memoryTargetBytes()));
        }
        if (devices.watchdog().isPresent()) {
            result = result.withWatchdog(switch (devices.watchdog().get()) {
                case RESET -> VmmWatchdog.RESET;
                case POWER_OFF -> VmmWatchdog.POWER_OFF;
            });
        }
        return devices.generationId().isPresent() ? result.withGenerationId(devices.generationId().get()) : result;
    }
}
