package io.drover.debian.disk;

import io.drover.debian.AptSources;
import io.drover.debian.PackageException;
import io.drover.debian.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes root disks of Debian's packages, as root or, in a user namespace, as anybody. Nothing is mounted outside of
 * namespaces that end with the build, and an interrupt ends it and leaves nothing behind.
 */
public final class RootDiskBuild {
    /** What every image has, besides what Debian calls required: an init, a console's login, a network, ssh. */
    private static final List<String> PACKAGES = List.of("initramfs-tools", "systemd-sysv", "systemd-resolved", "udev",
            "dbus", "openssh-server", "iproute2");

    /** Where files of ours are put before the packages that look at them are installed. */
    private static final Map<String, String> EARLY_FILES = new LinkedHashMap<>();
    /** Where files of ours are put when all packages are installed. */
    private static final Map<String, String> FILES = new LinkedHashMap<>();
    static {
        EARLY_FILES.put("initramfs-modules", "/etc/initramfs-tools/hooks/drover");
        EARLY_FILES.put("initramfs.conf", "/etc/initramfs-tools/conf.d/drover.conf");
        FILES.put("first-boot", "/usr/lib/drover/first-boot");
        FILES.put("seed-disk", "/usr/lib/drover/seed-disk");
        FILES.put("prepare", "/usr/lib/drover/prepare");
        FILES.put("drover-seed.service", "/etc/systemd/system/drover-seed.service");
        FILES.put("drover-user-data.service", "/etc/systemd/system/drover-user-data.service");
        FILES.put("drover-host-keys.service", "/etc/systemd/system/drover-host-keys.service");
        FILES.put("ethernet.network", "/etc/systemd/network/80-ethernet.network");
    }

    private final RootDiskSpec spec;
    private final boolean root;
    private final Consumer<String> progress;

    /** @param progress told in a few words what is being done */
    public RootDiskBuild(RootDiskSpec spec, Consumer<String> progress) {
        this.spec = spec;
        this.root = "root".equals(System.getProperty("user.name"));
        this.progress = progress;
    }

    /** The Debian packages that a build needs on this machine and that are not installed. */
    public static Set<String> missingPackages() {
        return missingPackages("root".equals(System.getProperty("user.name")));
    }

    private static Set<String> missingPackages(boolean root) {
        Map<String, String> needed = new LinkedHashMap<>(Map.of("mmdebstrap", "mmdebstrap", "mke2fs", "e2fsprogs",
                "qemu-img", "qemu-utils", "apt-get", "apt"));
        if (!root) {
            needed.put("newuidmap", "uidmap");
            needed.put("unshare", "util-linux");
        }
        Set<String> missing = new LinkedHashSet<>();
        needed.forEach((program, debianPackage) -> {
            if (!BuildProgram.isInstalled(program)) {
                missing.add(debianPackage);
            }
        });
        return missing;
    }

    /**
     * Builds it. Takes half a minute and up, and some 2 GB of space in {@code folder} and in the folder for temporary files.
     *
     * @param folder where its files are put; they replace others of the same names once all are made
     * @throws PackageException when it cannot be built; the message says what to do
     */
    public RootDisk into(Path folder) throws IOException, InterruptedException {
        Set<String> missing = missingPackages(root);
        if (!missing.isEmpty()) {
            throw new PackageException("packages that this needs are not installed: run 'sudo apt-get install "
                    + String.join(" ", missing) + "'");
        }
        AptSources sources = AptSources.forSuite(spec.suite(), spec.mirror());
        Path work = Files.createTempDirectory(folder, "half-");
        try {
            // The programs that a namespace's root runs, who may be nobody outside of it, are read from here.
            Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
            RootDisk built = build(work, sources);
            RootDisk kept = RootDisk.in(folder, spec.format());
            move(built.packages(), kept.packages());
            move(built.kernel(), kept.kernel());
            move(built.initramfs(), kept.initramfs());
            move(built.disk(), kept.disk());
            return kept;
        } finally {
            clear(work);
        }
    }

    private RootDisk build(Path work, AptSources sources) throws IOException, InterruptedException {
        Path tar = work.resolve("system.tar");
        system(work, tar, sources);

        progress.accept("making the file system");
        Path raw = work.resolve("disk.raw");
        Path script = resource(work, "make-disk");
        run(inNamespace("sh", script.toString(), tar.toString(), raw.toString(), Long.toString(spec.sizeBytes()),
                work.toString()));
        Files.delete(tar);

        RootDisk built = RootDisk.in(work, spec.format());
        if (spec.format() == RootDiskSpec.Format.QCOW2) {
            progress.accept("compressing the disk");
            run(List.of("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd",
                    raw.toString(), built.disk().toString()));
            Files.delete(raw);
        }
        return built;
    }

    private void system(Path work, Path tar, AptSources sources) throws IOException, InterruptedException {
        Path list = Files.write(work.resolve("sources.list"), sources.lines());
        List<String> packages = new ArrayList<>(PACKAGES);
        packages.add(spec.kernel().packageName());
        packages.addAll(spec.packages());
        List<String> words = new ArrayList<>(List.of("mmdebstrap", "--mode=" + (root ? "root" : "unshare"),
                "--variant=minbase", "--format=tar", "--architectures=amd64",
                "--include=" + String.join(",", packages)));
        sources.options().forEach(option -> words.add("--aptopt=" + option));
        words.add("--essential-hook=mkdir -p \"$1\"/usr/lib/drover \"$1\"/etc/initramfs-tools/hooks"
                + " \"$1\"/etc/initramfs-tools/conf.d \"$1\"/etc/systemd/system \"$1\"/etc/systemd/network");
        for (Map.Entry<String, String> file : EARLY_FILES.entrySet()) {
            words.add("--essential-hook=" + upload(resource(work, file.getKey()), file.getValue()));
        }
        words.add("--essential-hook=chmod 0755 \"$1\"/etc/initramfs-tools/hooks/drover");
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            words.add("--customize-hook=" + upload(resource(work, file.getKey()), file.getValue()));
        }
        words.add("--customize-hook=chmod 0755 \"$1\"/usr/lib/drover/* && chroot \"$1\" /usr/lib/drover/prepare"
                + " && rm \"$1\"/usr/lib/drover/prepare");
        words.addAll(List.of(spec.suite(), tar.toString(), "-"));
        new BuildProgram(words, Optional.of(list), this::mmdebstrapSays).run();
    }

    /** It speaks of itself in lines such as {@code I: downloading packages with apt...}. */
    private void mmdebstrapSays(String line) {
        if (line.startsWith("I: ") && !line.contains("hook") && !line.contains("temp")) {
            progress.accept(line.substring(3).replaceFirst("\\.\\.\\.$", ""));
        }
    }

    private static String upload(Path file, String target) {
        return "upload '" + file.toString().replace("'", "'\\''") + "' " + target;
    }

    private void run(List<String> words) throws IOException, InterruptedException {
        new BuildProgram(words, Optional.empty(), ignored -> {}).run();
    }

    /** A command run by root, or by a root to whom this user's own files and the subordinate ids of subuid(5) belong. */
    private List<String> inNamespace(String... command) {
        List<String> words = new ArrayList<>();
        if (!root) {
            words.addAll(List.of("unshare", "--user", "--map-root-user", "--map-auto", "--"));
        }
        words.addAll(List.of(command));
        return words;
    }

    private static Path resource(Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream in = open(name)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    /** Tells apart what two versions of this program would build. */
    static String fingerprint() throws IOException {
        StringBuilder parts = new StringBuilder().append(PACKAGES).append(EARLY_FILES).append(FILES);
        for (String name : Stream.of(EARLY_FILES.keySet(), FILES.keySet(), Set.of("make-disk")).flatMap(Set::stream)
                .toList()) {
            try (InputStream in = open(name)) {
                parts.append(name).append(Sha256.of(in.readAllBytes()));
            }
        }
        return parts.toString();
    }

    private static InputStream open(String name) throws IOException {
        InputStream in = RootDiskBuild.class.getResourceAsStream(name);
        if (in == null) {
            throw new IOException("resource " + name + " is missing from the build");
        }
        return in;
    }

    private static void move(Path file, Path target) throws IOException {
        Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private void clear(Path work) throws IOException, InterruptedException {
        // A script that was killed has left files of other users of its namespace.
        boolean interrupted = Thread.interrupted();
        try {
            Path tree = work.resolve("disk.raw.tree");
            if (Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
                run(inNamespace("rm", "-rf", tree.toString()));
            }
            Files.walkFileTree(work, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path folder, IOException failed) throws IOException {
                    Files.delete(folder);
                    return FileVisitResult.CONTINUE;
                }
            });
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
