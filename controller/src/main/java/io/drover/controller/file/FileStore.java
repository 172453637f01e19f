package io.drover.controller.file;

import io.drover.controller.record.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of images under their SHA-256: {@code <folder>/<first two digits>/<sha256>}. A file is there whole or not at
 * all: it is written beside, forced to the disk, then renamed. Several controllers may share the folder.
 */
public final class FileStore {
    private static final Logger log = LoggerFactory.getLogger(FileStore.class);
    private static final AtomicLong uploads = new AtomicLong();

    private final Path folder;
    private final Path unfinished;

    /** Makes the folder, and throws away what an earlier process left unfinished in it more than a day ago. */
    public FileStore(Path folder) throws IOException {
        this.folder = folder;
        this.unfinished = folder.resolve("unfinished");
        Files.createDirectories(unfinished);
        try (DirectoryStream<Path> left = Files.newDirectoryStream(unfinished)) {
            for (Path file : left) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(Instant.now().minus(Duration.ofDays(1)))) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** The size of a file that is here. */
    public OptionalLong size(Sha256 sha256) throws IOException {
        try {
            return OptionalLong.of(Files.size(path(sha256)));
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * The bytes of a file that is here.
     *
     * @throws NoSuchFileException when it is not here
     */
    public InputStream open(Sha256 sha256) throws IOException {
        return Files.newInputStream(path(sha256));
    }

    /** A new file, of which only the hash and the size are known yet. */
    public Upload upload(Sha256 sha256, long sizeBytes) throws IOException {
        Path target = path(sha256);
        Files.createDirectories(target.getParent());
        Path temporary = unfinished
                .resolve(sha256 + "." + ProcessHandle.current().pid() + "." + uploads.incrementAndGet());
        return new Upload(sha256, sizeBytes, temporary, target);
    }

    /** Says that a file is about to be used: it is not collected for a while. */
    public void touch(Sha256 sha256) throws IOException {
        Files.setLastModifiedTime(path(sha256), FileTime.from(Instant.now()));
    }

    /**
     * Removes files that nobody uses and that have lain here longer than {@code grace}, the time in which an image is
     * registered after its upload.
     *
     * @return how many
     */
    public int collect(Predicate<Sha256> used, Duration grace) throws IOException {
        Instant limit = Instant.now().minus(grace);
        int removed = 0;
        for (Path file : files()) {
            Sha256 sha256 = new Sha256(file.getFileName().toString());
            if (!used.test(sha256) && Files.getLastModifiedTime(file).toInstant().isBefore(limit)
                    && Files.deleteIfExists(file)) {
                log.info("file {} removed: no image uses it", sha256);
                removed++;
            }
        }
        return removed;
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> prefixes = Files.newDirectoryStream(folder, "[0-9a-f][0-9a-f]")) {
            for (Path prefix : prefixes) {
                try (DirectoryStream<Path> in = Files.newDirectoryStream(prefix)) {
                    for (Path file : in) {
                        if (Sha256.holds(file.getFileName().toString())) {
                            files.add(file);
                        }
                    }
                }
            }
        }
        return files;
    }

    private Path path(Sha256 sha256) {
        return folder.resolve(sha256.hex().substring(0, 2)).resolve(sha256.hex());
    }

    /** Makes a rename outlive a power failure. */
    static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
