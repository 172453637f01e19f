package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DemoImage;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The unmodified Debian cloud kernel under our VMM, at work, moves between two hosts, each with an agent: there and back, as many
 * times as {@code -Ddrover.lab.migrations=N} says.
 */
@Tag("lab")
@EnabledIfSystemProperty(named = "drover.lab.migrations", matches = "[1-9]\\d*", disabledReason = "it takes minutes"
        + " (deploy/lab/README.md); -Ddrover.lab.migrations=1 runs it")
@ExtendWith(EmulatedHost.class)
class LiveMigrationTest {
    private static final Duration BOOT = Duration.ofMinutes(8);
    private static final Duration ANSWER = Duration.ofMinutes(5);
    private static final String TIMES = "drover.lab.migrations";
    private static final int MOVES = 2 * Integer.getInteger(TIMES, 1);
    private static final String BRIDGE = "br-lab";
    private static final int PORT = 8200;

    @TempDir
    private static Path folder;
    private static HostPair pair;
    private static HostBridge bridge;
    private static Cloud cloud;

    @BeforeAll
    static void startCloud(HostPair hosts) throws Exception {
        pair = hosts;
        bridge = HostBridge.over(pair.hosts(), BRIDGE);
        byte[] load = SteadyLoad.program(folder);
        cloud = Cloud.start(pair.hosts(), folder, initramfs -> SteadyLoad.addTo(initramfs, load));
        cloud.awaitNetwork("bridge/" + BRIDGE);
    }

    @AfterAll
    static void endCloud() throws Exception {
        if (cloud != null) {
            cloud.close();
        }
        if (bridge != null) {
            bridge.close();
        }
    }

    @Test
    void guestAtWorkMovesThereAndBack() throws Exception {
        assertThat(cloud.drover("host", "list").lines().filter(line -> line.contains("READY")).toList())
                .as("hosts that are ready").hasSize(2);
        cloud.drover("host", "cordon", pair.second().name());
        String vm = cloud.createVm("mover", VmSpec.newBuilder().setVcpus(2)
                .addDisks(VmDisk.newBuilder().setName("blocks").setSizeBytes(16 << 20))
                .addDisks(VmDisk.newBuilder().setName("files").setSizeBytes(16 << 20))
                .addNics(VmNic.newBuilder().setName("lan").setBridge(BridgeNetwork.newBuilder().setBridge(BRIDGE))));
        assertThat(cloud.vm(vm).getHost()).isEqualTo("hosts/" + pair.first().name());
        cloud.drover("host", "uncordon", pair.second().name());
        try (HostEcho echo = HostEcho.start(pair.first(), PORT); Console console = cloud.console(vm)) {
            console.readTo(DemoImage.PROMPT, BOOT);
            console.type("stty -echo; dmesg -n 1; for list in /" + Cloud.DISK_DRIVERS + " /" + Cloud.NIC_DRIVERS
                    + "; do while read -r module; do insmod /lib/modules/$module.ko 2> /dev/null; done < $list; done;"
                    + " until [ -b /dev/vdb -a -e /sys/class/net/eth0 ]; do sleep 0.1; done;"
                    + " ip addr add 10.1.0.100/24 dev eth0; ip link set eth0 up; cd /tmp; "
                    + SteadyLoad.command(echo, "/dev/vda", "/dev/vdb") + " &\n");
            console.readTo("tick 20\r\n", ANSWER);
            for (int move = 1; move <= MOVES; move++) {
                Vm before = cloud.vm(vm);
                String to = (before.getHost().endsWith(pair.first().name()) ? pair.second() : pair.first()).name();

                String said = cloud.drover("vm", "migrate", "mover", "--to", to, "--compression", "lz4");

                System.out.println("lab: " + said.strip());
                Vm after = cloud.vm(vm);
                assertThat(after.getHost()).isEqualTo("hosts/" + to);
                assertThat(after.getEpoch()).isEqualTo(before.getEpoch() + 1);
                console.readTo("tick ", ANSWER);
            }
            console.readTo("0\r\n", ANSWER);
            console.type("touch over\n");
            console.readTo(SteadyLoad.OVER, ANSWER);
            SteadyLoad.assertUndisturbed(console.all(), MOVES);
            assertThat(echo.log().lines()).as("connections").hasSize(2);
            console.type("dmesg -r | grep -E '^<[0-4]>'; echo loo''ked\n");
            assertThat(KernelWarnings.unexpected(console.readTo("looked", ANSWER))).isEmpty();
            console.type("poweroff\n");
        }
        Vm ended = cloud.awaitVm(vm, seen -> seen.getState() == VmState.VM_STATE_STOPPED, ANSWER);
        assertThat(ended.getLastExit().getCause()).isEqualTo(VmExit.Cause.GUEST_POWERED_OFF);
        // Fails with what it says, unless both images and the file system are clean.
        cloud.agentOf("hosts/" + pair.first().name()).run("cd /run/drover/agent/vms/*/disks && for disk in *.qcow2; do "
                + "qemu-img check $disk || exit; done && qemu-img convert -O raw files.qcow2 /run/files && e2fsck -fn /run/files"
                + " && rm /run/files");
        cloud.deleteVm(vm);
    }
}
