package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.disk.RootDiskSpec;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Debian with its kernel for clouds, on a user network. */
@EnabledIfSystemProperty(named = DebianTestCase.ASKED_FOR, matches = "true", disabledReason = DebianTestCase.WHY)
class DebianCloudKernelTest extends DebianTestCase {
    private static final int HOST_PORT = 8022;
    private static final int SERVER_PORT = 8001;
    private static final int BULK_MEBIBYTES = 4;
    /** The host is slow: its answer comes a while after the guest's. */
    private static final long CLOCK_TOLERANCE_SECONDS = 5;

    DebianCloudKernelTest() {
        super(RootDiskSpec.Kernel.CLOUD, "debian-cloud", 2, 512);
    }

    @Override
    VmmSettings with(VmmSettings settings) {
        return settings.withNics(List.of(VmmNic.user("net0", "52:54:00:00:00:05",
                List.of(new VmmNic.Forward(VmmNic.Protocol.TCP, "127.0.0.1", HOST_PORT, 80)))));
    }

    @Test
    @Order(3)
    void guestReachesAServerOfTheHostOverTheUserNetwork() throws Exception {
        fetchAPageOfTheHost();
    }

    private void fetchAPageOfTheHost() throws Exception {
        await("an address by DHCP", () -> guest().run("ip -4 -brief address").contains("10.0.2.15/24"));
        System.out.println("lab: " + guest().run("ip -brief address; ip route; cat /run/systemd/resolve/resolv.conf"));
        HostServer server = HostServer.start(host(), run(), SERVER_PORT, BULK_MEBIBYTES);
        try {
            assertThat(guest().run("wget -q -O - --tries 2 --timeout 60 " + server.url() + " | sha256sum"))
                    .isEqualTo(server.sum());
        } finally {
            server.stop();
        }
    }

    @Test
    @Order(4)
    void serverInTheGuestIsReachedByAPortForward() throws Exception {
        guest().run("head -c " + BULK_MEBIBYTES + "M /dev/urandom > /run/page; cat > /run/serve << 'END'\n"
                + HostServer.program() + "END\n(setsid perl /run/serve 80 /run/page > /run/serve.log 2>&1 &)");
        String sum = guest().run("sha256sum < /run/page");
        await("the page of the guest", () -> onHost("bash -c 'exec 3<> /dev/tcp/127.0.0.1/" + HOST_PORT
                + "; printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3 | sed \"1,/^\\r$/d\" | sha256sum' || true")
                .strip()
                .equals(sum));
    }

    /** Its disk is written to, its memory read, its network used and its time counted while it is saved. */
    @Test
    @Order(12)
    void guestThatIsSavedGoesOnInAnotherProcess() throws Exception {
        guest().run("boot=$(cat /proc/sys/kernel/random/boot_id); head -c 8M /dev/urandom > /run/words;"
                + " sum=$(sha256sum < /run/words); head -c 4M /dev/vdc > /run/first");
        guest().run(
                "on() { (set +m; (while [ ! -e /run/over ]; do eval \"$2\" || echo failed; done > /run/$1 2> /run/$1.log;"
                        + " touch /run/$1.over) &) }; on sums 'sha256sum < /run/words';"
                        + " on writes 'dd if=/run/first of=/dev/vdc bs=64k oflag=direct';"
                        + " on ticks 'cut -d\" \" -f1 /proc/uptime; sleep 0.2'");
        long ticks = number("wc -l < /run/ticks");

        goOnInAnotherVmm();

        await("it counts on", () -> number("wc -l < /run/ticks") > ticks + 20);
        guest().run("touch /run/over; until [ -e /run/sums.over -a -e /run/writes.over -a -e /run/ticks.over ];"
                + " do sleep 0.1; done; [ $boot = $(cat /proc/sys/kernel/random/boot_id) ]");
        assertThat(guest().run("sort -u /run/sums; sort -nc /run/ticks; cat /run/writes;"
                + " cmp -n 4194304 /run/first /dev/vdc")).isEqualTo(guest().run("echo \"$sum\""));
        long away = number("date +%s") - Long.parseLong(onHost("date +%s").strip());
        assertThat(Math.abs(away)).as("seconds that its date is off").isLessThan(CLOCK_TOLERANCE_SECONDS);
        fetchAPageOfTheHost();
        assertThat(guest().kernelWarnings()).isEmpty();
    }

    private long number(String command) throws Exception {
        return Long.parseLong(guest().run(command));
    }

    @Test
    @Order(LAST)
    void guestPowersItselfOffAndItsDisksAreWhole() throws Exception {
        assertThat(guest().kernelWarnings()).isEmpty();
        guest().vmm().type("systemctl poweroff\n");
        assertEndedAndDisksAreWhole(VmmEnd.Cause.GUEST_POWERED_OFF);
    }
}
