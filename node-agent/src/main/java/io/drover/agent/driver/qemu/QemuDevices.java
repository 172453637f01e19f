package io.drover.agent.driver.qemu;

import io.drover.agent.driver.GuestDevices;
import io.drover.agent.driver.UnsupportedPlanException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** QEMU's arguments for what a machine has beside disks and networks (qemu-system-x86_64(1)). */
final class QemuDevices {
    private QemuDevices() {}

    /** A watchdog that powers off makes QEMU exit at once, without a trace of why (QEMU, hw/watchdog/watchdog.c). */
    static void check(GuestDevices devices) throws UnsupportedPlanException {
        if (devices.watchdog().equals(Optional.of(GuestDevices.Watchdog.POWER_OFF))) {
            throw new UnsupportedPlanException("qemu", "watchdog that powers off, only one that resets");
        }
        if (devices.memoryTargetBytes() != 0) {
            throw new UnsupportedPlanException("qemu", "targets of balloons");
        }
    }

    static List<String> arguments(GuestDevices devices) {
        List<String> line = new ArrayList<>();
        // As under the other driver: a source of entropy.
        line.addAll(List.of("-object", "rng-builtin,id=rng", "-device", "virtio-rng-pci,rng=rng"));
        if (devices.balloon()) {
            line.addAll(List.of("-device", QemuBalloon.device()));
        }
        if (devices.watchdog().isPresent()) {
            line.addAll(List.of("-device", "i6300esb", "-action", "watchdog=reset"));
        }
        devices.generationId().ifPresent(id -> line.addAll(List.of("-device", "vmgenid,guid=" + id)));
        return line;
    }
}
