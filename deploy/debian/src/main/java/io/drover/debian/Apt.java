package io.drover.debian;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** apt as a source of packages. Nothing here changes the system but {@code apt-get update}, which is run only by root. */
final class Apt {
    private static final Duration QUERY_LIMIT = Duration.ofMinutes(1);
    private static final Duration NETWORK_LIMIT = Duration.ofMinutes(20);

    /** {@code 'http://…/x.deb' x_1.0_amd64.deb 1234 SHA256:…}: apt-get(8), --print-uris. */
    private static final Pattern URI_LINE = Pattern.compile("'[^']+' (\\S+\\.deb) (\\d+) SHA256:([0-9a-f]{64})");
    private static final Pattern REAL_KERNEL = Pattern.compile("\\s*Depends: (linux-image-\\d\\S*)");

    private final Path cache;
    private final Consumer<String> progress;

    Apt(Path cache, Consumer<String> progress) {
        this.cache = cache;
        this.progress = progress;
    }

    /** What apt would download for a package, by its own signed lists. */
    record Candidate(String packageName, String version, String fileName, long sizeBytes, Sha256 sha256) {}

    /**
     * Finds what a name stands for: {@code linux-image-cloud-amd64} is a package without files that depends on the kernel
     * of the day, so the answer is that kernel; any other package is itself.
     *
     * @throws PackageException when apt knows no such package, even after root has had the lists fetched
     */
    Candidate find(String name) throws IOException, InterruptedException {
        return withFreshLists(() -> {
            String real = realPackage(name);
            Command uris = query("apt-get", "download", "--print-uris", real);
            Matcher matcher = URI_LINE.matcher(uris.output());
            if (!uris.succeeded() || !matcher.find()) {
                throw new PackageException("package " + real + " is not to be had: " + uris.complaint());
            }
            String fileName = matcher.group(1);
            String[] parts = fileName.split("_", -1);
            if (parts.length != 3 || fileName.contains("/")) {
                throw new PackageException(
                        "apt named a package file '" + fileName + "' (expected: name_version_architecture.deb)");
            }
            return new Candidate(real, parts[1].replace("%3a", ":"), fileName, Long.parseLong(matcher.group(2)),
                    new Sha256(matcher.group(3)));
        });
    }

    /** Downloads into a folder. apt checks the file against its lists; the caller checks again what it keeps. */
    Path download(Candidate candidate, Path folder) throws IOException, InterruptedException {
        return withFreshLists(() -> {
            progress.accept(
                    "downloading " + candidate.fileName() + " (" + (candidate.sizeBytes() + 1023) / 1024 + " KiB)");
            List<String> words = new ArrayList<>(List.of("apt-get", "-q"));
            // As root, apt drops to the user _apt, who may not be allowed to write here, and warns; the download is the same.
            words.addAll(List.of("-o", "APT::Sandbox::User=root"));
            words.addAll(List.of("download", candidate.packageName() + "=" + candidate.version()));
            Command download = Command.run(folder, NETWORK_LIMIT, words);
            Path file = folder.resolve(candidate.fileName());
            if (!download.succeeded() || !Files.isRegularFile(file)) {
                throw new PackageException(
                        "package " + candidate.packageName() + " was not downloaded: " + download.complaint());
            }
            return file;
        });
    }

    private String realPackage(String name) throws IOException, InterruptedException {
        if (!name.startsWith("linux-image-") || Character.isDigit(name.charAt("linux-image-".length()))) {
            return name;
        }
        Command depends = query("apt-cache", "depends", name);
        return depends.output().lines().map(REAL_KERNEL::matcher).filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .findFirst().orElseThrow(() -> new PackageException(
                        "package " + name + " names no kernel: " + depends.complaint()));
    }

    private Command query(String... words) throws IOException, InterruptedException {
        // --print-uris prints nothing for a file that is already in the current folder, so it runs in one that holds none.
        Path empty = Files.createTempDirectory(cache, "query-");
        try {
            return Command.run(empty, QUERY_LIMIT, List.of(words));
        } finally {
            Files.delete(empty);
        }
    }

    private interface Attempt<T> {
        T make() throws IOException, InterruptedException;
    }

    /** Missing lists, and old lists that name files which the mirror no longer has, are mended the same way. */
    private <T> T withFreshLists(Attempt<T> attempt) throws IOException, InterruptedException {
        try {
            return attempt.make();
        } catch (PackageException first) {
            if (!"root".equals(System.getProperty("user.name"))) {
                throw new PackageException(first.getMessage()
                        + "; if apt's lists are missing or old, run 'sudo apt-get update' and try again", first);
            }
            progress.accept("fetching apt's package lists");
            Command update = Command.run(cache, NETWORK_LIMIT, List.of("apt-get", "-q", "update"));
            if (!update.succeeded()) {
                throw new PackageException(
                        first.getMessage() + "; and apt's lists were not renewed: " + update.complaint(), first);
            }
            return attempt.make();
        }
    }
}
