package io.drover.agent.folder;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A log that another process appends to, kept at about twice {@code maxBytes} with its older half in {@code <log>.1}.
 *
 * @param maxBytes beyond which it is rotated
 */
public record LogFile(Path path, long maxBytes) {
    /** The older half. */
    public static Path older(Path log) {
        return log.resolveSibling(log.getFileName() + ".1");
    }

    /**
     * Rotates a log whose writer keeps it open for appending: copied, then cut to nothing. What is written in the
     * microseconds between the last copy and the cut is lost to the log (live sessions see it).
     */
    public void rotateOpen() throws IOException {
        if (size(path) < maxBytes) {
            return;
        }
        Path copy = path.resolveSibling(path.getFileName() + ".copy");
        try (FileChannel from = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileChannel to = FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            // Only the end, should it have grown far beyond its limit while no agent was there.
            long position = Math.max(0, from.size() - maxBytes);
            long moved;
            do {
                moved = from.transferTo(position, Long.MAX_VALUE >> 1, to);
                position += moved;
            } while (moved > 0);
            Files.move(copy, older(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            from.truncate(0);
        } catch (IOException e) {
            Files.deleteIfExists(copy);
            if (DiskSpace.isExhausted(e)) {
                // No room for a copy: the bound is worth more than the past.
                cut();
                return;
            }
            throw e;
        }
    }

    /** Rotates a log that nobody has open. */
    public void rotateClosed() throws IOException {
        if (size(path) >= maxBytes) {
            Files.move(path, older(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void cut() throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(0);
        }
    }

    /** 0 when there is no such file. */
    public static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
