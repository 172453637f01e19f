package io.drover.debian;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;

/**
 * A Debian package, unpacked in a cache. Its files are checked against the SHA-256 that they had when they were unpacked,
 * each time one is asked for.
 */
public final class DebianPackage {
    private final String name;
    private final String version;
    private final Sha256 sha256;
    private final Path root;
    private final SequencedMap<String, Sha256> manifest;

    DebianPackage(String name, String version, Sha256 sha256, Path root, SequencedMap<String, Sha256> manifest) {
        this.name = name;
        this.version = version;
        this.sha256 = sha256;
        this.root = root;
        this.manifest = manifest;
    }

    /** The real package, never a meta package: {@code linux-image-6.1.0-56-cloud-amd64}. */
    public String name() {
        return name;
    }

    public String version() {
        return version;
    }

    /** Of the {@code .deb} file, as apt's lists give it. */
    public Sha256 sha256() {
        return sha256;
    }

    /** The regular files of the package, relative to its root, sorted. */
    public List<String> files() {
        return List.copyOf(manifest.keySet());
    }

    /**
     * One file of the package.
     *
     * @param relative as in {@link #files()}
     * @throws PackageException when the package has no such file, or the cache is damaged
     */
    public Path file(String relative) throws IOException {
        Sha256 expected = manifest.get(relative);
        if (expected == null) {
            throw new PackageException("package " + name + " " + version + " has no file " + relative);
        }
        Path file = root.resolve(relative);
        if (!Files.isRegularFile(file) || !Sha256.of(file).equals(expected)) {
            throw new PackageException("the cache is damaged: " + file + " is not as it was unpacked; remove " + root
                    + " and try again");
        }
        return file;
    }

    /** True when every file that {@code manifest} names is there as it was unpacked. */
    boolean isIntact() throws IOException {
        for (var entry : manifest.entrySet()) {
            Path file = root.resolve(entry.getKey());
            if (!Files.isRegularFile(file) || !Sha256.of(file).equals(entry.getValue())) {
                return false;
            }
        }
        return true;
    }
}
