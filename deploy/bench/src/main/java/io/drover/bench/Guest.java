package io.drover.bench;

import io.drover.debian.CpioArchive;
import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.debian.KernelModules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Debian's cloud kernel and an initramfs that measures its devices instead of giving a shell.
 *
 * @param commandLine
 *            of the kernel, without what tells the guest what to measure
 */
record Guest(Path kernel, Path initramfs, String commandLine) {
    static final int MEMORY_MEBIBYTES = 256;

    private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio_net");

    /**
     * Makes the initramfs in a folder.
     *
     * @param deviceBench
     *            the load, compiled
     */
    static Guest make(Path folder, Path deviceBench, String script) throws IOException, InterruptedException {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {}).fetch(
                "linux-image-cloud-amd64",
                path -> (path.contains("/virtio") || path.contains("failover")) && path.endsWith(".ko"));
        // The kernel unpacks one archive behind the other, and a later file takes an earlier one's place.
        CpioArchive more = new CpioArchive();
        StringBuilder order = new StringBuilder();
        for (Map.Entry<String, byte[]> module : new KernelModules(kernel).withDependencies(MODULES).entrySet()) {
            more.file("lib/modules/" + module.getKey() + ".ko", 0644, module.getValue());
            order.append(module.getKey()).append('\n');
        }
        more.file("etc/modules", 0644, order.toString()).file("etc/rc", 0755, script)
                .file("bin/device-bench", 0755, Files.readAllBytes(deviceBench));
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.write(Files.readAllBytes(image.initramfs()));
        more.writeTo(both);
        return new Guest(image.kernel(), Files.write(folder.resolve("initramfs"), both.toByteArray()),
                image.commandLine());
    }
}
