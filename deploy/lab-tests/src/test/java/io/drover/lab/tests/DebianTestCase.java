package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.disk.RootDiskSpec;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an unmodified Debian that boots from its disk does under our VMM, whichever kernel it has. One guest is booted for all
 * tests of a class, which leave it as they found it; the last has it end.
 */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class DebianTestCase {
    /** A system property. */
    static final String ASKED_FOR = "drover.lab.debian";
    static final String WHY = "it takes minutes (deploy/lab/README.md); -Ddrover.lab.debian=true runs it";
    static final Duration LIMIT = Duration.ofMinutes(5);
    /** Of {@link Order}: the test in which the guest ends. */
    static final int LAST = Integer.MAX_VALUE;

    private static final int DISK_MEBIBYTES = 48;

    private final RootDiskSpec.Kernel kernel;
    private final String name;
    private final int vcpus;
    private final int memoryMebibytes;
    private LabHost host;
    private Path folder;
    private VmmSettings started;
    private DebianGuest guest;

    DebianTestCase(RootDiskSpec.Kernel kernel, String name, int vcpus, int memoryMebibytes) {
        this.kernel = kernel;
        this.name = name;
        this.vcpus = vcpus;
        this.memoryMebibytes = memoryMebibytes;
    }

    /** What else the VM has. */
    abstract VmmSettings with(VmmSettings settings);

    @BeforeAll
    void boot(LabHost lab, @TempDir Path temporary) throws Exception {
        host = lab;
        folder = temporary;
        List<VmmDisk> disks = List.of(disk("raw", VmmDisk.Format.RAW), disk("qcow2", VmmDisk.Format.QCOW2));
        VmmSettings settings = DebianSystem.with(kernel, folder).newVm(host, name, run(), vcpus, memoryMebibytes, disks)
                .withBalloon(new VmmBalloon(true, true, Duration.ofSeconds(1), 0)).withHotPlug();
        onHost("cd " + run() + " && truncate -s " + DISK_MEBIBYTES
                + "M raw && truncate -s 64M second && qemu-img create -q -f qcow2 qcow2 "
                + DISK_MEBIBYTES + "M");
        started = with(settings);
        long begun = System.nanoTime();
        guest = DebianGuest.start(host, started, folder);
        guest.login();
        System.out.printf("lab: %s: from the start of the VMM to root's shell %.1f s%n", name,
                (System.nanoTime() - begun) / 1e9);
    }

    /** From now on the guest is what another VMM has made of its saved state. */
    void goOnInAnotherVmm() throws Exception {
        guest = DebianGuest.goOn(guest, host, started, folder);
    }

    private VmmDisk disk(String file, VmmDisk.Format format) {
        return new VmmDisk(new VmmDisk.File(run().resolve(file), format), List.of(), false, file,
                VmmDisk.Cache.WRITE_BACK, 0);
    }

    @AfterAll
    void end() throws Exception {
        if (guest != null) {
            System.out.println("lab: the VMM's log:\n" + guest.vmm().log());
            guest.close();
        }
    }

    LabHost host() {
        return host;
    }

    DebianGuest guest() {
        return guest;
    }

    /** The VM's folder in the host. */
    Path run() {
        return Path.of("/run", name);
    }

    /** What a script prints in the host. */
    String onHost(String script) throws Exception {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        assertThat(result.succeeded()).as("%s: %s", script, result).isTrue();
        return result.output();
    }

    @Test
    @Order(1)
    void systemIsUpAndHasItsDevices() throws Exception {
        assertThat(guest.run("systemctl is-system-running --wait || systemctl --failed", LIMIT)).isEqualTo("running");
        assertThat(guest.run("nproc")).isEqualTo(String.valueOf(vcpus));
        assertThat(guest.run("hostname")).isEqualTo(name);
        System.out.println("lab: " + name + ": " + guest.run("systemd-analyze; lspci; lsblk"));
        assertThat(guest
                .run("for d in vda vdb vdc vdd; do echo $d $(cat /sys/block/$d/serial) $(cat /sys/block/$d/ro); done")
                .lines()).containsExactly("vda root 0", "vdb seed 1", "vdc raw 0", "vdd qcow2 0");
        long memory = Long.parseLong(guest.run("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")) >> 10;
        assertThat(memory).as("MiB of %d", memoryMebibytes)
                .isBetween(memoryMebibytes - 96L - memoryMebibytes / 16, (long) memoryMebibytes);
        assertThat(guest.kernelWarnings()).isEmpty();
    }

    /** fio checks each block that it has written by a checksum in it. */
    @Test
    @Order(2)
    void fioVerifiesWhatItWroteOnARawAndOnAQcow2Disk() throws Exception {
        String fio = "fio --name=verify --rw=randwrite --bsrange=4k-64k --ioengine=libaio --direct=1 --iodepth=8"
                + " --verify=crc32c --verify_fatal=1 --size=16M --fsync=64 --minimal --filename=";
        for (String device : List.of("/dev/vdc", "/dev/vdd")) {
            guest.run(fio + device, LIMIT);
            guest.run("blkdiscard --offset 8M --length 2M " + device);
        }
        // The same on both, to be compared when the guest has ended.
        guest.run("dd if=/dev/vdc of=/dev/vdd bs=256k iflag=direct oflag=direct conv=fsync");
    }

    @Test
    @Order(5)
    void diskComesGrowsAndIsLetGoOfUnderLoad() throws Exception {
        VmmClient client = guest.vmm().client();
        client.attachDisk(hotDisk("hot"));
        guest.run("until [ -b /dev/vde ]; do sleep 0.05; done");
        assertThat(guest.run("echo $(cat /sys/block/vde/size) $(cat /sys/block/vde/serial)")).isEqualTo("131072 hot");
        guest.run("dd if=/dev/urandom of=/run/words bs=1M count=4 && dd if=/run/words of=/dev/vde bs=64k oflag=direct"
                + " && dd if=/dev/vde bs=64k count=64 iflag=direct | cmp - /run/words");

        client.resizeDisk("hot", 96 << 20);

        guest.run("until [ $(cat /sys/block/vde/size) = " + (96 << 20) / 512 + " ]; do sleep 0.05; done;"
                + " dd if=/run/words of=/dev/vde bs=1M seek=80 oflag=direct");
        // Two write as fast as they can while the disk goes; none makes a file of its name when it has gone.
        guest.run(
                "for i in 1 2; do (while dd if=/dev/zero of=/dev/vde bs=4k seek=2048 count=512 conv=nocreat oflag=direct;"
                        + " do :; done > /dev/null 2>&1 &) done");
        client.detach("hot", false);
        await("the guest lets go of the disk", () -> isGone("hot"));
        guest.run(
                "until [ ! -b /dev/vde ]; do sleep 0.05; done; until ! grep -qsx dd /proc/[0-9]*/comm; do sleep 0.1; done");
        assertThat(onHost(
                "cd " + run() + " && head -c 4M second | sha256sum && tail -c 16M second | head -c 4M | sha256sum")
                .lines().distinct().toList()).as("at the disk's beginning and in what it grew by")
                .containsExactly(guest.run("sha256sum < /run/words"));
    }

    @Test
    @Order(6)
    void diskThatIsTakenByForceMakesRoomForAnother() throws Exception {
        VmmClient client = guest.vmm().client();
        client.attachDisk(hotDisk("taken"));
        guest.run("until [ -b /dev/vde ]; do sleep 0.05; done; head -c 1M /dev/vde > /dev/null");

        client.detach("taken", true);
        await("the disk is taken", () -> isGone("taken"));
        // Its file is free again, whatever the guest has noticed.
        client.attachDisk(hotDisk("next"));

        guest.run("until disk=$(grep -lsx next /sys/block/*/serial); do sleep 0.05; done;"
                + " dd if=/dev/$(basename ${disk%/serial}) bs=1M count=1 iflag=direct of=/dev/null");
        client.detach("next", false);
        await("the guest lets go of the disk", () -> isGone("next"));
    }

    /** In the file {@code second} of the run folder, by the name that is also its serial number. */
    private VmmDisk hotDisk(String id) {
        return VmmDisk.raw(run().resolve("second"), id).withId(id);
    }

    private boolean isGone(String disk) throws Exception {
        return guest.vmm().client().status().disks().stream().noneMatch(status -> status.id().equals(disk));
    }

    @Test
    @Order(10)
    void memoryThatNobodyUsesGoesBackToTheHost() throws Exception {
        long before = resident();
        guest.run("head -c 192M /dev/zero > /dev/shm/filled");
        long filled = resident();
        assertThat(filled - before).as("the host's memory that went to the guest").isGreaterThan(150L << 20);
        assertThat(guest.vmm().client().status().balloon().orElseThrow().statistics()).isPresent();

        guest.run("rm /dev/shm/filled");

        await("memory comes back", () -> resident() < filled - (128L << 20));
        System.out.println("lab: " + name + ": the VMM's memory in MiB before, filled, freed: " + (before >> 20) + " "
                + (filled >> 20) + " " + (resident() >> 20));
    }

    /** Of the VMM's process, by the host's kernel. */
    private long resident() throws Exception {
        return guest.vmm().residentBytes();
    }

    @Test
    @Order(11)
    void balloonTakesMemoryAndGivesItBack() throws Exception {
        long all = (long) memoryMebibytes << 20;
        long less = all - (128L << 20);
        guest.vmm().client().setMemoryTarget(less);
        await("the guest does with less", () -> balloonLeaves() == less);
        guest.vmm().client().setMemoryTarget(all);
        await("the guest has its memory back", () -> balloonLeaves() == all);
    }

    private long balloonLeaves() throws Exception {
        return guest.vmm().client().status().balloon().orElseThrow().guestBytes();
    }

    /** A condition that involves the emulated host. */
    interface Condition {
        boolean holds() throws Exception;
    }

    static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("%s within %s", what, LIMIT).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    /** To be called when the guest has ended by itself. */
    void assertEndedAndDisksAreWhole(VmmEnd.Cause cause) throws Exception {
        assertThat(guest.vmm().awaitEnd(LIMIT).cause()).isEqualTo(cause);
        onHost("cd " + run() + " && while ls /proc/" + guest.vmm().pid() + " > /dev/null 2>&1; do sleep 0.1; done"
                + " && qemu-img check -q qcow2 && qemu-img check -q root.qcow2");
        onHost("cd " + run() + " && qemu-img compare -f raw -F qcow2 raw qcow2");
    }
}
