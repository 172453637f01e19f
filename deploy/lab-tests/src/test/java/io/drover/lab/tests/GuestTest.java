package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import io.drover.debian.DemoImage;
import io.drover.lab.LabHost;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmResources;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The unmodified Debian cloud kernel under our VMM on KVM, through controller and agent. */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestTest {
    private static final java.time.Duration BOOT = java.time.Duration.ofMinutes(3);
    private static final java.time.Duration ANSWER = java.time.Duration.ofMinutes(1);

    private static final String LOAD_DISK_DRIVERS = "while read -r module; do insmod /lib/modules/$module.ko; done < /"
            + Cloud.DISK_DRIVERS + "; until [ -b /dev/vda ]; do sleep 0.1; done\n";

    /** A folder of the host. */
    private static final Path PAGES = Path.of("/run/guest-pages");

    @TempDir
    private static Path folder;
    private static Cloud cloud;

    @BeforeAll
    static void startCloud(LabHost host) throws Exception {
        cloud = Cloud.start(host, folder);
    }

    @AfterAll
    static void endCloud() throws Exception {
        if (cloud != null) {
            cloud.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void bootsToItsShellAndPowersOff(int vcpus) throws Exception {
        String vm = cloud.createVm("boot-" + vcpus, vcpus);
        try (Console console = cloud.console(vm)) {
            String banner = console.readTo(DemoImage.PROMPT, BOOT);
            assertThat(banner).containsSubsequence(DemoImage.INIT_LINE, DemoImage.BANNER_LINE,
                    "host name  boot-" + vcpus,
                    "CPUs       " + vcpus + "\r", "driver     kvm (Drover's VMM");

            console.type("echo $((6 * 7)) of $(nproc)\n");
            assertThat(console.readTo(DemoImage.PROMPT, ANSWER)).contains("42 of " + vcpus);
            console.type("dmesg -r | grep -E '^<[0-4]>'\n");
            assertThat(KernelWarnings.unexpected(console.readTo(DemoImage.PROMPT, ANSWER))).isEmpty();

            console.type("poweroff\n");
        }
        Vm ended = cloud.awaitVm(vm, seen -> seen.getState() == VmState.VM_STATE_STOPPED, ANSWER);
        assertThat(ended.getLastExit().getCause()).isEqualTo(VmExit.Cause.GUEST_POWERED_OFF);
        cloud.deleteVm(vm);
    }

    @Test
    void stopPressesThePowerButton() throws Exception {
        String vm = cloud.createVm("button", 1);
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);

            cloud.succeed(cloud.vms().stopVm(
                    StopVmRequest.newBuilder().setName(vm).setGrace(Duration.newBuilder().setSeconds(60)).build()));

            assertThat(console.readTo("drover-guest: power button", ANSWER)).isNotEmpty();
        }
        assertThat(cloud.vm(vm).getLastExit().getCause()).isEqualTo(VmExit.Cause.STOPPED);
        cloud.deleteVm(vm);
    }

    @Test
    void rebootStartsTheGuestAgain() throws Exception {
        String vm = cloud.createVm("reboot", 1);
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            console.type("reboot\n");
        }
        cloud.awaitVm(vm, seen -> seen.getReboots() == 1, ANSWER);
        try (Console console = cloud.console(vm)) {
            // The scrollback may still have the first boot: the command's answer tells that the second shell runs.
            console.readTo(DemoImage.BANNER_LINE, BOOT);
            cloud.awaitVm(vm, seen -> seen.getState() == VmState.VM_STATE_RUNNING, BOOT);
        }
        assertThat(cloud.vm(vm).getReboots()).isEqualTo(1);
        cloud.deleteVm(vm);
    }

    @Test
    void panicIsAFailureWithItsCause() throws Exception {
        String vm = cloud.createVm("panic", 1);
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            console.type("echo c > /proc/sysrq-trigger\n");
        }
        Vm ended = cloud.awaitVm(vm, seen -> seen.getState() == VmState.VM_STATE_FAILED, ANSWER);
        assertThat(ended.getLastExit().getCause()).isEqualTo(VmExit.Cause.GUEST_PANICKED);
        cloud.deleteVm(vm);
    }

    @Test
    void guestOutlivesItsAgentAndIsAdopted() throws Exception {
        String vm = cloud.createVm("orphan", 1);
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            // Goes on by itself, so that the guest's own count tells whether it was ever stopped or started again.
            console.type("before=here; cat /proc/sys/kernel/random/boot_id > /tmp/boot; echo se''t\n");
            console.readTo("set\r\n", ANSWER);
        }
        cloud.agent().kill();
        cloud.start(cloud.agent());

        cloud.awaitVm(vm, seen -> seen.getHostReachable() && seen.getState() == VmState.VM_STATE_RUNNING, ANSWER);
        try (Console console = cloud.console(vm)) {
            assertThat(console.readTo("set\r\n", ANSWER)).contains(DemoImage.BANNER_LINE);
            console.type("cmp /tmp/boot /proc/sys/kernel/random/boot_id && echo sti''ll-$before\n");
            assertThat(console.readTo("still-here", ANSWER)).isNotEmpty();
        }
        Vm adopted = cloud.vm(vm);
        assertThat(List.of(adopted.getReboots(), (int) adopted.getEpoch())).containsExactly(0, 1);
        cloud.deleteVm(vm);
    }

    @Test
    void guestOnHugePagesWithALimitReachesTheHostThroughItsBridge(LabHost host) throws Exception {
        String bridge = "br-lab";
        cloud.agent().run("mkdir -p " + PAGES + " && ip link add " + bridge + " type bridge && ip address add "
                + "198.51.100.1/24 dev " + bridge + " && ip link set " + bridge + " up");
        HostServer server = HostServer.start(host, PAGES, 8003, 1);
        try {
            cloud.awaitNetwork("bridge/" + bridge);
            String vm = cloud.createVm("bridged", VmSpec.newBuilder().setVcpus(1)
                    .addNics(VmNic.newBuilder().setName("lan").setBridge(BridgeNetwork.newBuilder().setBridge(bridge)))
                    .setResources(VmResources.newBuilder().setHugePages(VmResources.HugePages.HUGE_2M)
                            .setCpuLimitMillis(1500)));
            assertThat(cloud.agent().run("vmm=$(pgrep -n -f vmm.process.Main) && cd /sys/fs/cgroup/$(sed 's/^0:://' "
                    + "/proc/$vmm/cgroup) && cat cpu.max && [ $(cat memory.max) -gt 0 -a $(cat pids.max) -gt 0 ]"))
                    .as("what bounds its process").isEqualTo("150000 100000\n");
            try (Console console = cloud.console(vm)) {
                console.readTo(DemoImage.PROMPT, BOOT);
                console.type("while read -r module; do insmod /lib/modules/$module.ko; done < /" + Cloud.NIC_DRIVERS
                        + "; ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up; ip route add default via "
                        + "198.51.100.1\n");
                console.type("busybox wget -q -O - " + server.url() + " | busybox sha256sum; echo fet''ched\n");
                assertThat(console.readTo("fetched", ANSWER)).contains(server.sum());
            }
            assertThat(cloud.agent().run("sed -n 's/^HugePages_Free: *//p' /proc/meminfo").strip())
                    .as("of the %d pages that are the guest's memory, those that it has not touched", Cloud.HUGE_PAGES)
                    .isNotEqualTo(String.valueOf(Cloud.HUGE_PAGES));
            cloud.deleteVm(vm);
        } finally {
            server.stop();
            cloud.agent().run("ip link delete " + bridge);
        }
    }

    @Test
    void diskKeepsWhatTheGuestWroteWhileTheVmIsStopped() throws Exception {
        String vm = cloud.createVm("disk", 1, VmDisk.newBuilder().setName("data").setSizeBytes(64 << 20).build());
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            console.type(LOAD_DISK_DRIVERS);
            console.type("cat /sys/block/vda/size /sys/block/vda/serial; echo of the first run > /tmp/words\n");
            console.type("dd if=/tmp/words of=/dev/vda conv=fsync; echo writ''ten\n");
            assertThat(console.readTo("written", ANSWER)).contains("131072", "data");
            console.type("poweroff\n");
        }
        cloud.awaitVm(vm, seen -> seen.getState() == VmState.VM_STATE_STOPPED, ANSWER);

        cloud.succeed(cloud.vms().startVm(StartVmRequest.newBuilder().setName(vm).build()));

        assertThat(cloud.vm(vm).getEpoch()).isEqualTo(2);
        try (Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            console.type(LOAD_DISK_DRIVERS);
            console.type("head -c 16 /dev/vda; echo re''ad\n");
            assertThat(console.readTo("read\r\n", ANSWER)).contains("of the first run");
        }
        cloud.deleteVm(vm);
    }
}
