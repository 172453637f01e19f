package io.drover.agent.folder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/**
 * Reads a log and its older half as one stream, from a point on, and goes on as the log grows, over both ways in
 * which logs are rotated: renamed to {@code <log>.1}, or copied there and cut. For one thread.
 */
public final class LogReader implements AutoCloseable {
    /** A file to be read up to its end, and from where. */
    private record Part(FileChannel channel, long position) {}

    private final Path log;
    private final Deque<Part> parts = new ArrayDeque<>();
    /** The file that is {@code log} now, the last of {@code parts}: device and inode. */
    private Optional<Object> currentKey = Optional.empty();

    private LogReader(Path log) {
        this.log = log;
    }

    /** Begins at the end of what there is now. */
    public static LogReader atEnd(Path log) throws IOException {
        LogReader reader = new LogReader(log);
        reader.openCurrent(LogFile.size(log));
        return reader;
    }

    /**
     * Begins {@code tailBytes} before the end of what there is now; with 0, at the beginning of all that is kept.
     *
     * @throws IllegalArgumentException when {@code tailBytes} is negative
     */
    public LogReader(Path log, long tailBytes) throws IOException {
        if (tailBytes < 0) {
            throw new IllegalArgumentException("tail_bytes : " + tailBytes + " (expected: 0 or more)");
        }
        this.log = log;
        Path older = LogFile.older(log);
        long total = LogFile.size(older) + LogFile.size(log);
        long skip = tailBytes == 0 ? 0 : Math.max(0, total - tailBytes);
        long olderSkip = Math.min(skip, LogFile.size(older));
        open(older).ifPresent(channel -> parts.add(new Part(channel, olderSkip)));
        openCurrent(skip - olderSkip);
    }

    /** The last {@code bytes} of the log, or all when there are fewer. */
    public static byte[] tail(Path log, int bytes) throws IOException {
        try (LogReader reader = new LogReader(log, bytes)) {
            byte[] tail = new byte[0];
            byte[] more = reader.read(bytes);
            while (more.length > 0 && tail.length < bytes) {
                byte[] joined = Arrays.copyOf(tail, tail.length + more.length);
                System.arraycopy(more, 0, joined, tail.length, more.length);
                tail = joined;
                more = reader.read(bytes - tail.length);
            }
            return tail;
        }
    }

    /** The next bytes, at most {@code maxBytes}; none when there are none now: call again later. */
    public byte[] read(int maxBytes) throws IOException {
        while (maxBytes > 0) {
            if (parts.isEmpty()) {
                openCurrent(0);
                if (parts.isEmpty()) {
                    return new byte[0];
                }
            }
            Part part = parts.remove();
            ByteBuffer buffer = ByteBuffer.allocate(maxBytes);
            int got = part.channel().read(buffer, part.position());
            if (got > 0) {
                parts.addFirst(new Part(part.channel(), part.position() + got));
                return Arrays.copyOf(buffer.array(), got);
            }
            if (!parts.isEmpty()) {
                part.channel().close();
                continue;
            }
            if (!rotated(part)) {
                parts.add(part);
                return new byte[0];
            }
        }
        return new byte[0];
    }

    /**
     * Whether the log was rotated since {@code part}, its current file, was read to the end; queues what is to be
     * read next.
     */
    private boolean rotated(Part part) throws IOException {
        Optional<Object> key = key(log);
        if (key.isPresent() && !key.equals(currentKey)) {
            // Renamed: the file that was read may have grown to its last byte before that.
            parts.add(part);
            openCurrent(0);
            return true;
        }
        if (part.channel().size() < part.position()) {
            // Copied and cut: what was not read yet is in the copy.
            Optional<FileChannel> older = open(LogFile.older(log));
            if (older.isPresent() && older.get().size() > part.position()) {
                parts.add(new Part(older.get(), part.position()));
            }
            parts.add(new Part(part.channel(), 0));
            return true;
        }
        return false;
    }

    private void openCurrent(long position) throws IOException {
        Optional<FileChannel> channel = open(log);
        if (channel.isPresent()) {
            currentKey = key(log);
            parts.add(new Part(channel.get(), position));
        }
    }

    private static Optional<FileChannel> open(Path file) throws IOException {
        try {
            // Another process made it: a link would have the agent show a file that this process cannot read itself.
            return Optional.of(FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException expected) {
            return Optional.empty();
        }
    }

    private static Optional<Object> key(Path file) throws IOException {
        try {
            return Optional.of(Files.readAttributes(file, "unix:dev,ino", LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException expected) {
            return Optional.empty();
        }
    }

    @Override
    public void close() throws IOException {
        for (Part part : parts) {
            part.channel().close();
        }
    }
}
