package io.drover.agent;

import io.drover.agent.folder.DurableFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.UUID;

/**
 * An agent's data folder, for as long as the agent runs: for its user alone, and for one agent alone. The lock goes
 * when the process does, however it ends.
 */
final class DataFolder implements AutoCloseable {
    private final Path path;
    private final FileChannel lockFile;
    private final String incarnation;
    private final Optional<String> predecessor;

    private DataFolder(Path path, FileChannel lockFile, String incarnation, Optional<String> predecessor) {
        this.path = path;
        this.lockFile = lockFile;
        this.incarnation = incarnation;
        this.predecessor = predecessor;
    }

    /**
     * Makes the folder if needed, and takes it.
     *
     * @throws IOException when another agent has it, naming its pid, or when it cannot be used
     */
    static DataFolder take(Path folder) throws IOException {
        Files.createDirectories(folder);
        // Everything below is closed to others by this, whatever the umask was.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Path path = folder.toRealPath();
        FileChannel lockFile = FileChannel.open(path.resolve("agent.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            lock(path, lockFile);
            Path file = path.resolve("incarnation");
            Optional<String> predecessor = Files.exists(file) ? Optional.of(Files.readString(file).strip())
                    : Optional.empty();
            String incarnation = UUID.randomUUID().toString();
            DurableFile.replace(file, (incarnation + "\n").getBytes(StandardCharsets.UTF_8));
            return new DataFolder(path, lockFile, incarnation, predecessor);
        } catch (IOException e) {
            lockFile.close();
            throw e;
        }
    }

    private static void lock(Path path, FileChannel lockFile) throws IOException {
        Optional<FileLock> lock;
        try {
            lock = Optional.ofNullable(lockFile.tryLock());
        } catch (OverlappingFileLockException expected) {
            lock = Optional.empty();
        }
        if (lock.isEmpty()) {
            ByteBuffer holder = ByteBuffer.allocate(20);
            lockFile.read(holder, 0);
            throw new IOException("the data folder " + path + " belongs to the running agent with pid "
                    + new String(holder.array(), 0, holder.position(), StandardCharsets.UTF_8).strip()
                    + ": give this one another --data, or stop that one first");
        }
        lockFile.truncate(0);
        lockFile.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8)), 0);
    }

    /** Absolute, without links. */
    Path path() {
        return path;
    }

    /** Of this agent: a new one at each start. */
    String incarnation() {
        return incarnation;
    }

    /** Of the last agent that had this folder, which is surely gone. */
    Optional<String> predecessor() {
        return predecessor;
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
