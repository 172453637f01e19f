package io.drover.controller;

import io.drover.controller.file.FileStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * What a controller keeps on disk: {@code files/} of images, {@code zookeeper/} when that runs inside, and its id. Locked, so
 * that no two processes have the same id or write the same ZooKeeper.
 */
final class DataFolder implements AutoCloseable {
    private final Path folder;
    private final FileChannel channel;
    private final FileLock lock;

    private DataFolder(Path folder, FileChannel channel, FileLock lock) {
        this.folder = folder;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Opens the folder for this process alone; makes it when it is missing.
     *
     * @throws IOException when it cannot be written, or another process uses it
     */
    static DataFolder open(Path folder) throws IOException {
        FileChannel channel;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw unusable(folder, e);
        }
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new DataFolder(folder, channel, lock);
            }
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new IOException("--data : " + folder + " is used by another controller in this process", e);
        }
        channel.close();
        throw new IOException("--data : " + folder + " is used by another controller (expected: a folder of its own)");
    }

    private static IOException unusable(Path folder, IOException e) {
        return new IOException("--data : " + folder + " cannot be used: " + e
                + " (expected: a folder that this user can make and write, with room)", e);
    }

    /** The files of images. */
    FileStore files() throws IOException {
        try {
            return new FileStore(folder.resolve("files"));
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    Path zookeeper() {
        return folder.resolve("zookeeper");
    }

    /** The id that this folder has given its controller since it was made. */
    String id() throws IOException {
        Path file = folder.resolve("id");
        try {
            if (Files.exists(file)) {
                return Files.readString(file).strip();
            }
            String id = "c-" + UUID.randomUUID().toString().substring(0, 8);
            Files.writeString(file, id + "\n");
            return id;
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
