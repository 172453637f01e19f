package io.drover.debian;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;

/**
 * A small guest to try a cloud with: the unmodified kernel of Debian's linux-image-cloud-amd64, and an initramfs of
 * busybox-static that mounts the usual file systems, prints a banner and gives a root shell on the first serial port.
 *
 * <p>On the console it prints, in this order, lines that begin with {@link #INIT_LINE}, {@link #BANNER_LINE} and then,
 * indented, the host name (set by {@code hostname=NAME} on the command line, else "drover"), kernel, CPUs, memory and the
 * driver that runs the guest; then the prompt {@link #PROMPT}. The line {@code driver} says {@code kvm} when the ACPI
 * tables are those of Drover's own VMM, {@code qemu} when they are QEMU's. The power button and {@code poweroff} end the
 * guest by ACPI S5, {@code reboot} resets it, {@code echo c > /proc/sysrq-trigger} makes it panic, which it tells a
 * pvpanic device before it resets.
 *
 * @param kernel      a bzImage
 * @param initramfs   an uncompressed cpio archive: the same packages give the same bytes
 * @param commandLine fit for a VM whose console is the first serial port
 * @param packages    what it was made from
 */
public record DemoImage(Path kernel, Sha256 kernelSha256, Path initramfs, Sha256 initramfsSha256, String commandLine,
        List<PackageVersion> packages) {

    /** The first line of the guest's init begins so: the kernel has booted. */
    public static final String INIT_LINE = "drover-guest: init";
    /** The banner's first line begins so. */
    public static final String BANNER_LINE = "drover-guest: up";
    /** Ends each prompt of the guest's shell, which begins with the host name. */
    public static final String PROMPT = ":/root# ";

    private static final String COMMAND_LINE = "console=ttyS0 panic=-1 quiet";

    /**
     * button and evdev bring the power button to acpid; pvpanic_mmio is also the driver of the pvpanic port that ACPI
     * names (QEMU0001).
     */
    private static final List<String> MODULES = List.of("button", "evdev", "pvpanic-mmio");

    /** What shells and scripts call by name; the shell itself finds every other applet in busybox. */
    private static final List<String> APPLETS = List.of("sh", "init", "poweroff", "reboot", "halt", "acpid");

    public DemoImage {
        packages = List.copyOf(packages);
    }

    /** A Debian package by its real name, its version, and the SHA-256 of its {@code .deb}. */
    public record PackageVersion(String name, String version, Sha256 sha256) {
        static PackageVersion of(DebianPackage debianPackage) {
            return new PackageVersion(debianPackage.name(), debianPackage.version(), debianPackage.sha256());
        }
    }

    /** As {@link #build(Path, Consumer)}, silently. */
    public static DemoImage build(Path cache) throws IOException, InterruptedException {
        return build(cache, ignored -> {});
    }

    /**
     * Makes the image, or takes from the cache what is there and whole. The first time takes a download of 28 MB; later,
     * well below a second and no network. May be called by several processes at once for the same cache.
     *
     * @param cache    see {@link DebianPackages#defaultCache()}
     * @param progress told in a few words what takes time
     * @throws PackageException when a package cannot be had; the message says what to do
     */
    public static DemoImage build(Path cache, Consumer<String> progress) throws IOException, InterruptedException {
        DebianPackages packages = new DebianPackages(cache, progress);
        DebianPackage kernel = packages.fetch("linux-image-cloud-amd64",
                path -> path.startsWith("boot/vmlinuz-")
                        || MODULES.stream().anyMatch(module -> path.endsWith("/" + module + ".ko")));
        DebianPackage busybox = packages.fetch("busybox-static", path -> path.endsWith("bin/busybox"));

        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        initramfs(kernel, busybox).writeTo(bytes);
        Sha256 sha256 = Sha256.of(bytes.toByteArray());
        Path image = keep(packages.cache().resolve("images"), sha256, bytes.toByteArray());
        Path vmlinuz = kernel.file(onlyFile(kernel, "boot/vmlinuz-"));
        return new DemoImage(vmlinuz, Sha256.of(vmlinuz), image, sha256, COMMAND_LINE,
                List.of(PackageVersion.of(kernel), PackageVersion.of(busybox)));
    }

    private static CpioArchive initramfs(DebianPackage kernel, DebianPackage busybox)
            throws IOException, InterruptedException {
        CpioArchive archive = new CpioArchive().directory("proc", 0555).directory("sys", 0555).directory("tmp", 01777)
                .directory("root", 0700).directory("run", 0755)
                // The kernel opens it for init before init can mount devtmpfs.
                .characterDevice("dev/console", 0600, 5, 1);
        Path program = busybox.file(busybox.files().stream().filter(path -> path.endsWith("bin/busybox")).findFirst()
                .orElseThrow(() -> new PackageException(
                        "package " + busybox.name() + " " + busybox.version() + " has no busybox")));
        archive.file("bin/busybox", 0755, Files.readAllBytes(program));
        for (String applet : APPLETS) {
            archive.symbolicLink("bin/" + applet, "busybox");
        }
        archive.symbolicLink("init", "bin/busybox");
        archive.file("etc/inittab", 0644, resource("inittab")).file("etc/rc", 0755, resource("rc"))
                .file("etc/profile", 0644, resource("profile"))
                .file("etc/acpi/PWRF/00000080", 0755, resource("power-button"))
                .file("etc/passwd", 0644, "root::0:0:root:/root:/bin/sh\n").file("etc/group", 0644, "root:x:0:\n");
        StringBuilder order = new StringBuilder();
        for (var module : modules(kernel).entrySet()) {
            archive.file("lib/modules/" + module.getKey() + ".ko", 0644, module.getValue());
            order.append(module.getKey()).append('\n');
        }
        return archive.file("etc/modules", 0644, order.toString());
    }

    private static SequencedMap<String, byte[]> modules(DebianPackage kernel) throws IOException, InterruptedException {
        return new KernelModules(kernel).withDependencies(MODULES);
    }

    private static String onlyFile(DebianPackage debianPackage, String prefix) throws PackageException {
        return debianPackage.files().stream().filter(path -> path.startsWith(prefix)).findFirst()
                .orElseThrow(() -> new PackageException(
                        "package " + debianPackage.name() + " " + debianPackage.version() + " has no file " + prefix
                                + "*"));
    }

    private static Path keep(Path folder, Sha256 sha256, byte[] bytes) throws IOException {
        Path file = folder.resolve(sha256 + ".cpio");
        if (Files.isRegularFile(file) && Sha256.of(file).equals(sha256)) {
            return file;
        }
        Files.createDirectories(folder);
        Path half = Files.createTempFile(folder.getParent(), "half-", ".cpio");
        Files.write(half, bytes);
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
        return file;
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = DemoImage.class.getResourceAsStream("demo/" + name)) {
            if (in == null) {
                throw new IOException("resource demo/" + name + " is missing from the build");
            }
            return in.readAllBytes();
        }
    }
}
