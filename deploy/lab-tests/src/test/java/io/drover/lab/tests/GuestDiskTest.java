package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The unmodified Debian kernels, cloud and standard, with their own drivers on our PCI bus and virtio devices: what they say of
 * them, and what is in the host's file afterwards.
 */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestDiskTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio-rng");
    private static final String SAYS = "disk-test: ";
    private static final Path RUN = Path.of("/run/guest-disk");
    private static final String EMPTY_FOLDER = "rm -rf " + RUN + "; mkdir " + RUN + " && cd " + RUN
            + " && truncate -s 1M second";

    @TempDir
    private Path folder;

    /** What is booted. */
    private record Guest(Path kernel, Path initramfs, String commandLine) {}

    /** Debian's kernel with its modules for our devices, and our script in place of the demo's. */
    private Guest guest(String kernelPackage, String moreCommandLine) throws Exception {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {}).fetch(kernelPackage,
                path -> path.startsWith("boot/vmlinuz-")
                        || (path.contains("/virtio") && path.endsWith(".ko")));
        Path initramfs = new LargerInitramfs(image).modules(kernel, MODULES, LargerInitramfs.MODULES_LOADED)
                .program("etc/rc", "try-disk").write(folder.resolve("initramfs"));
        String vmlinuz = kernel.files().stream().filter(path -> path.startsWith("boot/vmlinuz-")).findFirst()
                .orElseThrow();
        return new Guest(kernel.file(vmlinuz), initramfs, image.commandLine() + moreCommandLine);
    }

    @Test
    void diskIsWhatItShouldBeAndKeepsWhatIsWritten(LabHost host) throws Exception {
        run(host, EMPTY_FOLDER + " && truncate -s 64M disk");
        List<String> said = boot(host, guest("linux-image-cloud-amd64", ""), VmmDisk.Format.RAW, 2, 256);

        assertThat(said).contains("sectors " + (64 << 20) / 512, "serial drover-1", "queues 2", "cache write back",
                "read-only 1", "discarded", "done").doesNotContain("wrote to a read-only disk")
                .anyMatch(line -> line.startsWith("rng virtio_rng") && line.endsWith("64 bytes"));
        assertThat(Long.parseLong(value(said, "discard"))).isPositive();
        assertThat(Integer.parseInt(value(said, "interrupts"))).as("MSI-X vectors in use").isPositive();
        assertIsIn(host, "disk", assertReadAsWritten(said));
        String kib = run(host, "du -k " + RUN + "/disk").output().split("\t", -1)[0];
        assertThat(Long.parseLong(kib)).as("of 64 MiB, what was not written takes no space").isLessThan(40 << 10);
    }

    @Test
    void memoryAboveTheHoleIsUsedByTheDisk(LabHost host) throws Exception {
        run(host, EMPTY_FOLDER + " && truncate -s 64M disk");
        List<String> said = boot(host, guest("linux-image-cloud-amd64", ""), VmmDisk.Format.RAW, 1, 6 << 10);

        assertThat(Long.parseLong(value(said, "memory"))).as("MiB").isBetween(5700L, 6144L);
        assertReadAsWritten(said);
    }

    @Test
    void standardKernelUsesAQcow2DiskWithoutMessageInterrupts(LabHost host) throws Exception {
        assumeTrue(host.run(LIMIT, "test", "-x", "/usr/bin/qemu-img").succeeded(), "install the package qemu-utils");
        run(host, EMPTY_FOLDER + " && qemu-img create -q -f qcow2 disk 64M");
        List<String> said = boot(host, guest("linux-image-amd64", " pci=nomsi"), VmmDisk.Format.QCOW2, 1, 512);

        assertThat(value(said, "pins").split(" ", -1)).as("interrupts by the IOAPIC's inputs").hasSize(3)
                .doesNotContain("0");
        String[] wrote = assertReadAsWritten(said);
        run(host, "cd " + RUN + " && qemu-img check disk && qemu-img convert -f qcow2 -O raw disk raw");
        assertIsIn(host, "raw", wrote);
    }

    private static String[] assertReadAsWritten(List<String> said) {
        String[] wrote = value(said, "wrote").split(" ", -1);
        assertThat(value(said, "read").split(" ", -1)).isEqualTo(wrote);
        assertThat(value(said, "again")).as("after the device was removed and found again").isEqualTo(wrote[0]);
        assertThat(said).contains("done");
        return wrote;
    }

    private static void assertIsIn(LabHost host, String file, String[] sums) throws Exception {
        CommandResult result = run(host, "cd " + RUN + " && dd if=" + file + " bs=1M count=12 | sha256sum && dd if="
                + file + " bs=1M skip=16 count=12 | sha256sum");
        assertThat(result.output()).as("what is in the host's file").contains(sums);
    }

    private static String value(List<String> said, String what) {
        return said.stream().filter(line -> line.startsWith(what + " ")).findFirst().orElseThrow()
                .substring(what.length() + 1);
    }

    /** Runs a guest to its end; what it said, its kernel's complaints having been looked at. */
    private List<String> boot(LabHost host, Guest guest, VmmDisk.Format format, int vcpus, long memoryMebibytes)
            throws Exception {
        Path settings = folder.resolve("vmm.pb");
        VmmDisk.File first = new VmmDisk.File(RUN.resolve("disk"), format);
        VmmDisk.File second = new VmmDisk.File(RUN.resolve("second"), VmmDisk.Format.RAW);
        new VmmSettings("guest-disk", "guest-disk", 1, vcpus, memoryMebibytes << 20, guest.kernel(),
                Optional.of(guest.initramfs()), guest.commandLine(), RUN.resolve("control"), RUN.resolve("console"), 0,
                RUN.resolve("exit.pb"), false)
                .withDevices(List.of(new VmmDisk(first, List.of(), false, "drover-1", VmmDisk.Cache.WRITE_BACK, 0),
                        new VmmDisk(second, List.of(), true, "", VmmDisk.Cache.WRITE_THROUGH, 1)), true)
                .write(settings);
        String start = VmmProgram.shell(settings);
        host.refresh();
        CommandResult ran = host.run(LIMIT, new ShellScript(start + " > " + RUN + "/log 2>&1; echo ended $?"));
        String log = run(host, "cat " + RUN + "/log").output();
        String console = run(host, "cat " + RUN + "/console").output();
        System.out.println("lab: the guest's console:\n" + console + "lab: the VMM's log:\n" + log);
        assertThat(ran.output()).as(log + console).contains("ended 0");
        assertThat(KernelWarnings.unexpected(console)).isEmpty();
        return console.lines().map(String::strip).filter(line -> line.startsWith(SAYS))
                .map(line -> line.substring(SAYS.length())).toList();
    }

    private static CommandResult run(LabHost host, String script) throws IOException, InterruptedException {
        CommandResult result = host.run(LIMIT, new ShellScript(script));
        assertThat(result.succeeded()).as("%s: %s", script, result).isTrue();
        return result;
    }
}
