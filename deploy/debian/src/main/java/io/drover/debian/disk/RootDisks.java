package io.drover.debian.disk;

import io.drover.debian.CacheLock;
import io.drover.debian.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Root disks, built once into the cache folder that packages are kept in. What has its final name there is whole; a disk is not
 * built anew for newer packages: removing its folder does that.
 */
public final class RootDisks {
    /** Its files' SHA-256s, as sha256sum(1) prints them. */
    private static final String MANIFEST = "manifest";

    private final Path cache;
    private final Consumer<String> progress;

    /** @param cache see {@link io.drover.debian.DebianPackages#defaultCache()} */
    public RootDisks(Path cache, Consumer<String> progress) {
        this.cache = cache.toAbsolutePath().normalize();
        this.progress = progress;
    }

    /** The disk that a specification tells, from the cache when it is there and whole. */
    public RootDisk get(RootDiskSpec spec) throws IOException, InterruptedException {
        try (CacheLock _ = CacheLock.acquire(cache, progress)) {
            Path folder = cache.resolve("disks").resolve(key(spec));
            RootDisk disk = RootDisk.in(folder, spec.format());
            if (isWhole(folder)) {
                return disk;
            }
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve(MANIFEST));
            new RootDiskBuild(spec, progress).into(folder);
            StringBuilder manifest = new StringBuilder();
            for (Path file : Stream.of(disk.kernel(), disk.initramfs(), disk.disk(), disk.packages()).toList()) {
                manifest.append(Sha256.of(file)).append("  ").append(file.getFileName()).append('\n');
            }
            Path half = Files.writeString(folder.resolve("half-manifest"), manifest);
            Files.move(half, folder.resolve(MANIFEST), StandardCopyOption.ATOMIC_MOVE);
            return disk;
        }
    }

    /** What is asked for, and what of ours goes into it. */
    private static String key(RootDiskSpec spec) throws IOException {
        return Sha256.of((spec + "\n" + RootDiskBuild.fingerprint()).getBytes(StandardCharsets.UTF_8)).hex();
    }

    private static boolean isWhole(Path folder) throws IOException {
        Path manifest = folder.resolve(MANIFEST);
        if (!Files.isRegularFile(manifest)) {
            return false;
        }
        for (String line : Files.readAllLines(manifest)) {
            Path file = folder.resolve(line.substring(Math.min(line.length(), 66)));
            if (!Files.isRegularFile(file) || !line.startsWith(Sha256.of(file).hex())) {
                return false;
            }
        }
        return true;
    }
}
