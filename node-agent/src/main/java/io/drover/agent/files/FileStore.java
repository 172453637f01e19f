package io.drover.agent.files;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.agent.folder.DiskSpace;
import io.drover.agent.folder.DurableFile;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The image files of a host, each under its SHA-256: whole or not there. Files that no VM here uses are a cache, and
 * the ones unused longest go when there are too many bytes or the disk is full. Safe for all threads.
 */
public final class FileStore {
    private static final Logger log = LoggerFactory.getLogger(FileStore.class);

    /**
     * A file that is there.
     *
     * @param users VMs, or starts of VMs, that hold it
     */
    private record Stored(long bytes, Instant lastUse, int users) {}

    /**
     * VMMs, which may be users of their own, open a file of which they know the SHA-256, and cannot find out what others
     * there are. The data folder keeps everybody else away.
     */
    private static final Set<PosixFilePermission> FOLDER_MODE = PosixFilePermissions.fromString("rwx--x--x");
    private static final Set<PosixFilePermission> FILE_MODE = PosixFilePermissions.fromString("rw-r--r--");

    private final Path folder;
    private final Path incoming;
    private final long limitBytes;
    private final InstantSource clock;
    private final Consumer<Sha256> whenStored;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, Stored> files = new TreeMap<>();
    /** What the files that are being received still need, by their number. */
    @GuardedBy("lock")
    private final Map<Long, Long> expected = new HashMap<>();
    @GuardedBy("lock")
    private long lastIncoming;

    /**
     * Opens the store; what was half received when an earlier agent died is removed.
     *
     * @param limitBytes beyond which files that nobody uses are removed
     * @param whenStored told of each new file, with no lock held
     */
    public FileStore(Path folder, long limitBytes, InstantSource clock, Consumer<Sha256> whenStored)
            throws IOException {
        this.folder = folder;
        this.incoming = folder.resolve("incoming");
        this.limitBytes = limitBytes;
        this.clock = clock;
        this.whenStored = whenStored;
        Files.createDirectories(incoming);
        Files.setPosixFilePermissions(folder, FOLDER_MODE);
        Files.setPosixFilePermissions(incoming, PosixFilePermissions.fromString("rwx------"));
        try (DirectoryStream<Path> halves = Files.newDirectoryStream(incoming)) {
            for (Path half : halves) {
                Files.delete(half);
            }
        }
        lock.lock();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, Files::isRegularFile)) {
            for (Path file : entries) {
                if (Sha256.isWellFormed(file.getFileName().toString())) {
                    Files.setPosixFilePermissions(file, FILE_MODE);
                    Instant used = Files.getLastModifiedTime(file).toInstant();
                    files.put(file.getFileName().toString(), new Stored(Files.size(file), used, 0));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** The files that are held whole. */
    public Set<String> all() {
        lock.lock();
        try {
            return Set.copyOf(files.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** A file that stays until this is closed. */
    public final class Hold implements AutoCloseable {
        private final Sha256 name;
        @GuardedBy("lock")
        private boolean released;

        private Hold(Sha256 name) {
            this.name = name;
        }

        public Path path() {
            return folder.resolve(name.hex());
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!released) {
                    released = true;
                    files.computeIfPresent(name.hex(),
                            (hex, file) -> new Stored(file.bytes(), file.lastUse(), file.users() - 1));
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Keeps a file from being removed; empty when it is not there. */
    public Optional<Hold> hold(Sha256 name) {
        lock.lock();
        try {
            Stored file = files.get(name.hex());
            if (file == null) {
                return Optional.empty();
            }
            Hold hold = new Hold(name);
            if (!Files.exists(hold.path())) {
                log.warn("file {}: somebody removed it from {}", name, folder);
                files.remove(name.hex());
                return Optional.empty();
            }
            Instant now = clock.instant();
            files.put(name.hex(), new Stored(file.bytes(), now, file.users() + 1));
            Files.setLastModifiedTime(hold.path(), FileTime.from(now));
            return Optional.of(hold);
        } catch (IOException e) {
            // Only the time of its last use is lost, and that only for the next agent.
            log.warn("file {}: its time of last use cannot be set", name, e);
            return Optional.of(new Hold(name));
        } finally {
            lock.unlock();
        }
    }

    /** Where the file is, if it is there. */
    public Path path(Sha256 name) {
        return folder.resolve(name.hex());
    }

    /** Whether the file is held whole. */
    public boolean has(Sha256 name) {
        lock.lock();
        try {
            return files.containsKey(name.hex());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins to receive a file, and makes room for it. Several may receive the same file at once: it is there when
     * the first is done.
     *
     * @throws RefusedException DISK_FULL, with the bytes that are needed and free
     */
    public IncomingFile receive(Sha256 name, long bytes) throws RefusedException, IOException {
        if (bytes < 0) {
            throw new RefusedException(Reason.BAD_REQUEST, "files/" + name,
                    "size_bytes : " + bytes + " (expected: 0 or more)",
                    "send the size of the file");
        }
        long number;
        lock.lock();
        try {
            makeRoom(name, bytes);
            number = ++lastIncoming;
            expected.put(number, bytes);
        } finally {
            lock.unlock();
        }
        return new IncomingFile(this, name, bytes, number, incoming.resolve(number + "-" + name.hex()));
    }

    @GuardedBy("lock")
    private void makeRoom(Sha256 name, long bytes) throws RefusedException, IOException {
        long held = files.values().stream().mapToLong(Stored::bytes).sum();
        long coming = expected.values().stream().mapToLong(Long::longValue).sum();
        long free = Files.getFileStore(folder).getUsableSpace() - coming;
        List<Map.Entry<String, Stored>> unused = new ArrayList<>(
                files.entrySet().stream().filter(entry -> entry.getValue().users() == 0).toList());
        long reclaimable = unused.stream().mapToLong(entry -> entry.getValue().bytes()).sum();
        if (free + reclaimable < bytes) {
            // Nothing is given up for a file that will not fit even so.
            throw diskFull(name, bytes, Math.max(0, free + reclaimable));
        }
        unused.sort(Comparator.comparing(entry -> entry.getValue().lastUse()));
        for (Map.Entry<String, Stored> entry : unused) {
            boolean crowded = held + coming > limitBytes - bytes;
            if (!crowded && free >= bytes) {
                return;
            }
            Files.deleteIfExists(folder.resolve(entry.getKey()));
            files.remove(entry.getKey());
            held -= entry.getValue().bytes();
            free += entry.getValue().bytes();
            log.info("file {}: removed, unused since {}, to make room", entry.getKey(), entry.getValue().lastUse());
        }
    }

    private RefusedException diskFull(Sha256 name, long bytes, long free) {
        return new RefusedException(Reason.DISK_FULL, "files/" + name,
                "the disk of " + folder + " is full: the file needs " + bytes
                        + " bytes, " + free + " are free or can be freed",
                "free space on the host's disk, or stop VMs whose images are no longer needed")
                .with("needed_bytes", Long.toString(bytes)).with("free_bytes", Long.toString(free));
    }

    /** The bytes are on the disk, verified and synced, in {@code file}: now it is a stored file. */
    void commit(Sha256 name, long bytes, Path file) throws IOException {
        lock.lock();
        try {
            if (files.containsKey(name.hex())) {
                return;
            }
            Files.setPosixFilePermissions(file, FILE_MODE);
            Files.move(file, folder.resolve(name.hex()), StandardCopyOption.ATOMIC_MOVE);
            DurableFile.syncFolder(folder);
            files.put(name.hex(), new Stored(bytes, clock.instant(), 0));
        } finally {
            lock.unlock();
        }
        log.info("file {}: stored, {} bytes", name, bytes);
        whenStored.accept(name);
    }

    /** The receiving has ended, well or not. */
    void ended(long number) {
        lock.lock();
        try {
            expected.remove(number);
        } finally {
            lock.unlock();
        }
    }

    /** What to tell of a failed write: a full disk is no failure of the host. */
    RefusedException writeFailed(Sha256 name, long bytes, IOException e) {
        if (DiskSpace.isExhausted(e)) {
            try {
                return diskFull(name, bytes, Files.getFileStore(folder).getUsableSpace()).causedBy(e);
            } catch (IOException second) {
                e.addSuppressed(second);
            }
        }
        return new RefusedException(Reason.HOST_FAILED, "files/" + name,
                "cannot write to " + folder + ": " + e.getMessage(),
                "see the agent's log on the host").causedBy(e);
    }
}
