package io.drover.vmm.console;

import io.drover.vmm.log.Log;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Writes what the guest prints to a file, on a thread of its own, so that a slow disk never holds up a vCPU. At its size limit
 * the file becomes {@code <name>.1}, in place of an older one. Where the disk cannot take it, output is dropped, which the VMM's
 * log says once, and what comes later is tried again.
 */
public final class ConsoleLog implements AutoCloseable {
    /** When the settings name no limit. */
    private static final long DEFAULT_MAX_BYTES = 16L << 20;
    private static final int CHUNK_BYTES = 8192;
    private static final Duration GATHER = Duration.ofMillis(20);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);

    private final Path path;
    private final long maxBytes;
    private final Log log;
    private final ConsoleRing.Reader reader;
    private final Semaphore work = new Semaphore(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    private FileChannel file;
    private long size;
    private boolean dropping;
    private volatile boolean closing;

    private ConsoleLog(ConsoleRing ring, Path path, long maxBytes, Log log) throws IOException {
        this.path = path;
        this.maxBytes = maxBytes > 0 ? maxBytes : DEFAULT_MAX_BYTES;
        this.log = log;
        this.reader = ring.reader(false, work::release);
        this.thread = Thread.ofPlatform().name("console-log").unstarted(this::run);
        openFile();
    }

    /**
     * Opens the file and begins to write, with what the ring holds.
     *
     * @param maxBytes
     *            0 or less: 16 MiB
     * @throws IOException
     *             when the file cannot be created or appended to
     */
    public static ConsoleLog start(ConsoleRing ring, Path path, long maxBytes, Log log) throws IOException {
        ConsoleLog console = new ConsoleLog(ring, path, maxBytes, log);
        console.thread.start();
        return console;
    }

    /** Writes what is left and ends the thread; gives up on a disk that hangs. */
    @Override
    public void close() {
        closing = true;
        ended.countDown();
        work.release();
        try {
            thread.join(CLOSE_DEADLINE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        byte[] chunk = new byte[CHUNK_BYTES];
        try {
            while (true) {
                work.acquireUninterruptibly();
                if (!closing) {
                    // Consoles print byte by byte: what comes within this time is one write.
                    ended.await(GATHER.toNanos(), TimeUnit.NANOSECONDS);
                }
                boolean last = closing;
                for (int length = reader.read(chunk); length > 0; length = reader.read(chunk)) {
                    write(chunk, length, reader.takeLost());
                }
                if (last) {
                    file.close();
                    return;
                }
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            log.error("console log " + path + " ends here", e);
        } finally {
            reader.close();
        }
    }

    private void write(byte[] chunk, int length, long lost) {
        try {
            if (lost > 0) {
                append(ByteBuffer.wrap(
                        ("\n[drover: " + lost + " bytes lost here]\n").getBytes(StandardCharsets.US_ASCII)));
            }
            append(ByteBuffer.wrap(chunk, 0, length));
            dropping = false;
        } catch (IOException e) {
            if (!dropping) {
                log.warn("console log " + path + " cannot be written, output is dropped: " + e);
            }
            dropping = true;
        }
    }

    private void append(ByteBuffer bytes) throws IOException {
        if (size > 0 && size + bytes.remaining() > maxBytes) {
            file.close();
            Files.move(path, path.resolveSibling(path.getFileName() + ".1"), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        if (!file.isOpen()) {
            // Also when the last rotation failed half way.
            openFile();
        }
        while (bytes.hasRemaining()) {
            size += file.write(bytes);
        }
    }

    private void openFile() throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        size = file.size();
    }
}
