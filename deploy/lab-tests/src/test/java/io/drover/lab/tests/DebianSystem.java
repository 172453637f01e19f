package io.drover.lab.tests;

import io.drover.debian.DebianPackages;
import io.drover.debian.disk.RootDisk;
import io.drover.debian.disk.RootDiskSpec;
import io.drover.debian.disk.RootDisks;
import io.drover.debian.seed.Seed;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A Debian that boots from its disk, as {@code drover image build debian} makes it, with the programs that tests run in it. Its
 * guests log in as root with {@link #PASSWORD}.
 */
final class DebianSystem {
    static final String PASSWORD = "lab";

    /** The same for all tests and benchmarks, so that a disk is built once for each kernel. */
    private static final List<String> PACKAGES = List.of("fio", "pciutils", "wget");
    private static final long DISK_BYTES = 2L << 30;
    /** Of {@link #PASSWORD}, by crypt(5): few rounds, as an emulated CPU computes them. */
    private static final String PASSWORD_HASH = "$5$rounds=1000$drover$swqBt.79GP2fLvJO9sWnj3lAP/SmSYdun3H8MGYgAC2";
    /** As on any machine, but for systemd's patience: udev has minutes of work for it where the host is slow and busy. */
    private static final String COMMAND_LINE = RootDisk.COMMAND_LINE
            + " systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900";
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final RootDisk image;
    private final Path folder;

    private DebianSystem(RootDisk image, Path folder) {
        this.image = image;
        this.folder = folder;
    }

    /**
     * From the cache of images, or built now.
     *
     * @param folder
     *            of this machine, for its guests' seeds
     */
    static DebianSystem with(RootDiskSpec.Kernel kernel, Path folder) throws Exception {
        RootDiskSpec spec = new RootDiskSpec("bookworm", DISK_BYTES, kernel, PACKAGES, Optional.empty(),
                RootDiskSpec.Format.QCOW2);
        return new DebianSystem(new RootDisks(DebianPackages.defaultCache(),
                line -> System.out.println("lab: image: " + line)).get(spec), folder);
    }

    /**
     * A VM of this system whose first disk lies on the image and whose second is its seed. Makes its run folder in the host, with
     * the first disk in it.
     *
     * @param more
     *            further disks: the guest's vdc and what follows
     */
    VmmSettings newVm(LabHost host, String name, Path run, int vcpus, int memoryMebibytes, List<VmmDisk> more)
            throws Exception {
        Path seed = folder.resolve(name + "-seed.iso");
        Files.write(seed, new Seed(name, name, List.of(), Optional.of(PASSWORD_HASH), Optional.empty(),
                Optional.empty()).image());
        CommandResult made = host.run(LIMIT, new ShellScript("rm -rf " + run + " && mkdir -p " + run
                + " && qemu-img create -q -f qcow2 -F qcow2 -b " + image.disk() + " " + run + "/root.qcow2"));
        if (!made.succeeded()) {
            throw new IllegalStateException("the root disk was not made : " + made);
        }
        List<VmmDisk> disks = new ArrayList<>();
        disks.add(new VmmDisk(new VmmDisk.File(run.resolve("root.qcow2"), VmmDisk.Format.QCOW2),
                List.of(new VmmDisk.File(image.disk(), VmmDisk.Format.QCOW2)), false, "root",
                VmmDisk.Cache.WRITE_BACK, 0));
        disks.add(new VmmDisk(new VmmDisk.File(seed, VmmDisk.Format.RAW), List.of(), true, "seed",
                VmmDisk.Cache.WRITE_BACK, 1));
        disks.addAll(more);
        return new VmmSettings(name, name, 1, vcpus, (long) memoryMebibytes << 20, image.kernel(),
                Optional.of(image.initramfs()), COMMAND_LINE, run.resolve("control"), run.resolve("console"),
                0, run.resolve("exit.pb"), false).withDevices(disks, true);
    }
}
