package io.drover.lab;

import io.drover.debian.CpioArchive;
import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.KernelModules;
import io.drover.debian.PackageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What emulated hosts boot from: the kernel of Debian's linux-image-amd64 (that of linux-image-cloud-amd64 has no 9p) and
 * an initramfs of busybox-static with the modules for what a host needs.
 */
final class HostImage {
    /** In the order in which they are loaded; the modules that they need come before them. */
    private static final List<String> MODULES = List.of("virtio_pci", "virtio_net", "9pnet_virtio", "9p", "overlay",
            "kvm_amd",
            "virtio_blk", "tun", "bridge", "veth", "vhost_net");

    private static final List<String> APPLETS = List.of("sh", "init", "cat", "chroot", "dd", "env", "head", "hostname",
            "insmod", "ip",
            "kill", "ln", "mkdir", "mkfifo", "mount", "nc", "poweroff", "reboot", "rm", "setsid", "sleep");

    private final Path kernel;
    private final byte[] busybox;
    private final Map<String, byte[]> modules;

    private HostImage(Path kernel, byte[] busybox, Map<String, byte[]> modules) {
        this.kernel = kernel;
        this.busybox = busybox;
        this.modules = modules;
    }

    /** Gets the packages, which takes a download of 72 MB the first time. */
    static HostImage prepare(Path cache, Consumer<String> progress) throws IOException, InterruptedException {
        DebianPackages packages = new DebianPackages(cache, progress);
        DebianPackage linux = packages.fetch("linux-image-amd64", path -> path.startsWith("boot/vmlinuz-"));
        DebianPackage busybox = packages.fetch("busybox-static", path -> path.endsWith("bin/busybox"));
        return new HostImage(linux.file(find(linux, "boot/vmlinuz-.*")),
                Files.readAllBytes(busybox.file(find(busybox, ".*bin/busybox"))),
                new KernelModules(linux).withDependencies(MODULES));
    }

    private static String find(DebianPackage debianPackage, String pattern) throws PackageException {
        return debianPackage.files().stream().filter(path -> path.matches(pattern)).findFirst()
                .orElseThrow(() -> new PackageException(
                        "package " + debianPackage.name() + " " + debianPackage.version() + " has no file like "
                                + pattern));
    }

    Path kernel() {
        return kernel;
    }

    /**
     * The initramfs of one host.
     *
     * @param token who knows it may run commands in the host
     */
    byte[] initramfs(HostSpec host, String token) throws IOException {
        CpioArchive archive = new CpioArchive().directory("proc", 0555).directory("sys", 0555).directory("tmp", 01777)
                .characterDevice("dev/console", 0600, 5, 1).file("bin/busybox", 0755, busybox);
        for (String applet : APPLETS) {
            archive.symbolicLink("bin/" + applet, "busybox");
        }
        archive.symbolicLink("init", "bin/busybox").file("etc/inittab", 0644, resource("inittab"))
                .file("etc/rc", 0755, resource("rc")).file("bin/lab-command", 0755, resource("lab-command"))
                .file("etc/token", 0600, token + "\n");
        StringBuilder order = new StringBuilder();
        modules.forEach((name, bytes) -> {
            archive.file("lib/modules/" + name + ".ko", 0644, bytes);
            order.append(name).append('\n');
        });
        StringBuilder shares = new StringBuilder();
        for (int i = 0; i < host.writableFolders().size(); i++) {
            shares.append("share").append(i).append(' ').append(host.writableFolders().get(i)).append('\n');
        }
        archive.file("etc/modules", 0644, order.toString()).file("etc/shares", 0644, shares.toString());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        archive.writeTo(bytes);
        return bytes.toByteArray();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostImage.class.getResourceAsStream("host/" + name)) {
            if (in == null) {
                throw new IOException("resource host/" + name + " is missing from the build");
            }
            return in.readAllBytes();
        }
    }
}
