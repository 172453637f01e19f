package io.drover.agent.driver.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.agent.driver.GuestDevices;
import io.drover.agent.driver.UnsupportedPlanException;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class QemuDevicesTest {
    @Test
    void everyDeviceIsNamed() throws UnsupportedPlanException {
        assertThat(QemuDevices.arguments(GuestDevices.NONE)).containsExactly("-object", "rng-builtin,id=rng", "-device",
                "virtio-rng-pci,rng=rng");
        GuestDevices all = new GuestDevices(true, Optional.of(GuestDevices.Watchdog.RESET),
                Optional.of(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")));
        QemuDevices.check(all);
        assertThat(QemuDevices.arguments(all)).containsSequence("-device",
                "virtio-balloon-pci,id=balloon,deflate-on-oom=on,free-page-reporting=on,guest-stats-polling-interval=5",
                "-device", "i6300esb", "-action",
                "watchdog=reset", "-device", "vmgenid,guid=00112233-4455-6677-8899-aabbccddeeff");
    }

    @Test
    void watchdogThatPowersOffIsRefusedByName() {
        GuestDevices off = new GuestDevices(false, Optional.of(GuestDevices.Watchdog.POWER_OFF), Optional.empty());
        assertThatThrownBy(() -> QemuDevices.check(off)).isInstanceOf(UnsupportedPlanException.class)
                .hasMessageContaining("the driver qemu has no watchdog that powers off");
    }
}
