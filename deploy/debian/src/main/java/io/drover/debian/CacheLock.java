package io.drover.debian;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Holds a cache folder for one user at a time. The kernel drops the lock of a process that dies, so a crash leaves nothing to
 * clean up but half-made files, which have names of their own.
 */
public final class CacheLock implements AutoCloseable {
    /** File locks belong to the whole JVM: its own threads take turns here. */
    private static final ReentrantLock WITHIN_THIS_JVM = new ReentrantLock();

    private final FileChannel channel;

    private CacheLock(FileChannel channel) {
        this.channel = channel;
    }

    /** Waits for the folder; says so to {@code progress} when another process has it. */
    public static CacheLock acquire(Path cache, Consumer<String> progress) throws IOException, InterruptedException {
        Files.createDirectories(cache);
        WITHIN_THIS_JVM.lockInterruptibly();
        try {
            FileChannel channel = FileChannel.open(cache.resolve("lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    progress.accept("waiting for another process that uses " + cache);
                    channel.lock();
                }
                return new CacheLock(channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            WITHIN_THIS_JVM.unlock();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            WITHIN_THIS_JVM.unlock();
        }
    }
}
