package io.drover.debian;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Debian packages, downloaded once into a cache folder and unpacked there, without root.
 *
 * <p>The cache may be shared by processes and survives the death of any of them: what has its final name is whole. It
 * holds, for each name that was asked for, {@code NAME.properties} (what it stands for, with version and SHA-256), the
 * {@code .deb}, and {@code trees/SHA256/} with the unpacked files under {@code root} and their SHA-256s in {@code
 * manifest}. A name that is in the cache is not looked up again: removing the folder is how to get newer packages.
 */
public final class DebianPackages {
    private static final Duration UNPACK_LIMIT = Duration.ofMinutes(10);

    private final Path cache;
    private final Consumer<String> progress;
    private final Apt apt;

    /**
     * @param cache    made when it is missing
     * @param progress told in a few words what takes time: downloads, unpacking, waiting for another user of the cache
     */
    public DebianPackages(Path cache, Consumer<String> progress) {
        this.cache = cache.toAbsolutePath().normalize();
        this.progress = progress;
        this.apt = new Apt(this.cache, progress);
    }

    /** {@code $XDG_CACHE_HOME/drover/debian}, by default under {@code ~/.cache}. */
    public static Path defaultCache() {
        String configured = System.getenv("XDG_CACHE_HOME");
        Path home = configured == null || configured.isBlank() ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(configured);
        return home.resolve("drover").resolve("debian");
    }

    /** The cache folder, absolute. */
    public Path cache() {
        return cache;
    }

    /**
     * Gets a package, from the cache when it is there and whole, else by apt.
     *
     * @param name a package, or a kernel's meta package such as {@code linux-image-cloud-amd64}
     * @param used which of its files must be whole; they are checked now, and when one is damaged the package is unpacked
     * again
     * @throws PackageException when it cannot be had; the message says what to do
     */
    public DebianPackage fetch(String name, Predicate<String> used) throws IOException, InterruptedException {
        try (CacheLock _ = CacheLock.acquire(cache, progress)) {
            removeLeftovers();
            Path record = cache.resolve(name + ".properties");
            Optional<Apt.Candidate> known = readRecord(record);
            if (known.isPresent()) {
                Optional<DebianPackage> unpacked = open(known.get(), used);
                if (unpacked.isPresent()) {
                    return unpacked.get();
                }
                if (isDownloaded(known.get())) {
                    return unpack(known.get());
                }
            }
            Apt.Candidate candidate = download(name, record);
            Optional<DebianPackage> unpacked = open(candidate, used);
            return unpacked.isPresent() ? unpacked.get() : unpack(candidate);
        }
    }

    private boolean isDownloaded(Apt.Candidate candidate) throws IOException {
        Path file = cache.resolve(candidate.fileName());
        return Files.isRegularFile(file) && Sha256.of(file).equals(candidate.sha256());
    }

    private Path tree(Apt.Candidate candidate) {
        return cache.resolve("trees").resolve(candidate.sha256().hex());
    }

    private Apt.Candidate download(String name, Path record) throws IOException, InterruptedException {
        Apt.Candidate candidate = apt.find(name);
        if (!isDownloaded(candidate)) {
            getDeb(candidate);
        }
        Properties properties = new Properties();
        properties.setProperty("package", candidate.packageName());
        properties.setProperty("version", candidate.version());
        properties.setProperty("file", candidate.fileName());
        properties.setProperty("bytes", Long.toString(candidate.sizeBytes()));
        properties.setProperty("sha256", candidate.sha256().hex());
        Path half = Files.createTempFile(cache, "half-", ".properties");
        try (Writer writer = Files.newBufferedWriter(half, StandardCharsets.UTF_8)) {
            properties.store(writer, name);
        }
        Files.move(half, record, StandardCopyOption.ATOMIC_MOVE);
        return candidate;
    }

    private void getDeb(Apt.Candidate candidate) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(cache, "half-");
        Path file = apt.download(candidate, folder);
        Sha256 actual = Sha256.of(file);
        if (!actual.equals(candidate.sha256())) {
            throw new PackageException(
                    "package file " + candidate.fileName() + " has SHA-256 " + actual + " (expected: "
                            + candidate.sha256() + " by apt's lists); try again");
        }
        Files.move(file, cache.resolve(candidate.fileName()), StandardCopyOption.ATOMIC_MOVE);
        Files.delete(folder);
    }

    private static Optional<Apt.Candidate> readRecord(Path record) throws IOException {
        if (!Files.isRegularFile(record)) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(record, StandardCharsets.UTF_8)) {
            properties.load(reader);
            String fileName = properties.getProperty("file", "");
            if (fileName.isEmpty() || fileName.contains("/")) {
                return Optional.empty();
            }
            return Optional.of(new Apt.Candidate(properties.getProperty("package", ""),
                    properties.getProperty("version", ""), fileName,
                    Long.parseLong(properties.getProperty("bytes", "")),
                    new Sha256(properties.getProperty("sha256", ""))));
        } catch (IllegalArgumentException damaged) {
            // A cache may be thrown away at any time: what cannot be read is as good as not there.
            return Optional.empty();
        }
    }

    private Optional<DebianPackage> open(Apt.Candidate candidate, Predicate<String> used) throws IOException {
        Path tree = tree(candidate);
        Path manifestFile = tree.resolve("manifest");
        if (!Files.isRegularFile(manifestFile)) {
            return Optional.empty();
        }
        SequencedMap<String, Sha256> manifest = new TreeMap<>();
        try {
            for (String line : Files.readAllLines(manifestFile, StandardCharsets.UTF_8)) {
                // As sha256sum(1) prints it, so that people can check a tree with `sha256sum -c`.
                if (line.length() < 67) {
                    return Optional.empty();
                }
                manifest.put(line.substring(66), new Sha256(line.substring(0, 64)));
            }
        } catch (CharacterCodingException | IllegalArgumentException damaged) {
            return Optional.empty();
        }
        SequencedMap<String, Sha256> checked = new TreeMap<>(manifest);
        checked.keySet().removeIf(used.negate());
        Path root = tree.resolve("root");
        if (!new DebianPackage(candidate.packageName(), candidate.version(), candidate.sha256(), root, checked)
                .isIntact()) {
            return Optional.empty();
        }
        return Optional.of(
                new DebianPackage(candidate.packageName(), candidate.version(), candidate.sha256(), root, manifest));
    }

    private DebianPackage unpack(Apt.Candidate candidate) throws IOException, InterruptedException {
        Path deb = cache.resolve(candidate.fileName());
        progress.accept("unpacking " + candidate.fileName());
        Path half = Files.createTempDirectory(cache, "half-");
        Path root = Files.createDirectory(half.resolve("root"));
        Command unpack = Command.run(cache, UNPACK_LIMIT, List.of("dpkg-deb", "-x", deb.toString(), root.toString()));
        if (!unpack.succeeded()) {
            throw new PackageException("package file " + deb + " cannot be unpacked: " + unpack.complaint());
        }
        SequencedMap<String, Sha256> manifest = hashFiles(root);
        StringBuilder lines = new StringBuilder();
        manifest.forEach((path, sha256) -> lines.append(sha256.hex()).append("  ").append(path).append('\n'));
        Files.writeString(half.resolve("manifest"), lines);
        Path tree = tree(candidate);
        Files.createDirectories(tree.getParent());
        deleteTree(tree);
        Files.move(half, tree, StandardCopyOption.ATOMIC_MOVE);
        return new DebianPackage(candidate.packageName(), candidate.version(), candidate.sha256(), tree.resolve("root"),
                manifest);
    }

    private static SequencedMap<String, Sha256> hashFiles(Path root) throws IOException {
        SequencedMap<String, Sha256> manifest = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : (Iterable<Path>) paths.filter(file -> Files.isRegularFile(file,
                    LinkOption.NOFOLLOW_LINKS))::iterator) {
                manifest.put(root.relativize(path).toString(), Sha256.of(path));
            }
        }
        return manifest;
    }

    /** Removes what a user of the cache that died left half made; called with the lock held, so nobody is at work on it. */
    private void removeLeftovers() throws IOException {
        try (Stream<Path> entries = Files.list(cache)) {
            for (Path entry : (Iterable<Path>) entries.filter(path -> {
                String name = path.getFileName().toString();
                return name.startsWith("half-") || name.startsWith("query-");
            })::iterator) {
                deleteTree(entry);
            }
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }
}
