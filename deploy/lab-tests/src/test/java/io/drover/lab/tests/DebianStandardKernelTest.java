package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.disk.RootDiskSpec;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmWatchdog;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Debian with its kernel for everything, four CPUs and memory above the hole below 4 GiB. */
@EnabledIfSystemProperty(named = DebianTestCase.ASKED_FOR, matches = "true", disabledReason = DebianTestCase.WHY)
class DebianStandardKernelTest extends DebianTestCase {
    private static final int WATCHDOG_SECONDS = 4;
    /** Prints the name of the first nic. */
    private static final String NIC = "grep -l 52:54:00:00:00:05 /sys/class/net/*/address | cut -d/ -f5";

    DebianStandardKernelTest() {
        super(RootDiskSpec.Kernel.STANDARD, "debian-standard", 4, 6 << 10);
    }

    @Override
    VmmSettings with(VmmSettings settings) {
        // Only a VM that has a nic on a user network may start what a second one needs.
        return settings.withNics(List.of(VmmNic.user("net0", "52:54:00:00:00:05", List.of())))
                .withWatchdog(VmmWatchdog.RESET)
                .withGenerationId(UUID.fromString("0f0e0d0c-0b0a-4908-8706-050403020100"));
    }

    @Test
    @Order(2)
    void allCpusWork() throws Exception {
        assertThat(guest().run("cat /sys/devices/system/cpu/online")).isEqualTo("0-3");
        for (int cpu = 0; cpu < 4; cpu++) {
            assertThat(guest().run("taskset -c " + cpu + " sh -c 'cut -d\" \" -f39 /proc/self/stat'"))
                    .isEqualTo(String.valueOf(cpu));
        }
    }

    @Test
    @Order(7)
    void nicComesIsUsedAndIsLetGoOf() throws Exception {
        HostServer server = HostServer.start(host(), run(), 8002, 1);
        try {
            guest().run("ip link set $(" + NIC + ") down");
            guest().vmm().client().attachNic(VmmNic.user("net1", "52:54:00:00:00:06", List.of()));
            await("an address by DHCP", () -> guest().run("ip -4 -brief address").contains("10.0.2.15/24"));
            assertThat(guest().run("wget -q -O - --tries 2 --timeout 60 " + server.url() + " | sha256sum"))
                    .isEqualTo(server.sum());
            guest().vmm().client().detach("net1", false);
            guest().run("while [ $(ls /sys/class/net | grep -vc '^lo$') -gt 1 ]; do sleep 0.05; done");
            await("passt ends with its nic",
                    () -> onHost("pgrep -x 'passt|passt.avx2' | wc -l").strip().equals("1"));
        } finally {
            server.stop();
        }
    }

    @Test
    @Order(8)
    void generationIdIsKnownToItsDriver() throws Exception {
        assertThat(guest().run("ls /sys/bus/acpi/drivers/vmgenid")).contains("DRVR0001");
    }

    @Test
    @Order(LAST)
    void guestThatStopsFeedingItsWatchdogIsReset() throws Exception {
        assertThat(guest().kernelWarnings()).isEmpty();
        guest().run("modprobe i6300esb heartbeat=" + WATCHDOG_SECONDS + " && sync");
        guest().vmm().type("exec sleep 1000 > /dev/watchdog0\n");
        assertEndedAndDisksAreWhole(VmmEnd.Cause.GUEST_REBOOTED);
        assertThat(guest().vmm().log()).contains("watchdog");
    }
}
