package io.drover.agent.driver.qemu;

import io.drover.agent.console.Console;
import io.drover.agent.console.InputPump;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wire between a VM's console and the serial port of its QEMU, whose standard output is the console log and whose
 * standard input is a FIFO. So the log has every byte exactly once, with an agent or without, and what is shown is
 * read from it. (QEMU's socket character device with a log file writes a byte to the log again each time that the
 * socket was full: QEMU 7.2, chardev/char.c.)
 */
final class QemuConsole implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(QemuConsole.class);
    /** The watch tells of writes; this is for a write that came just before it began, or was told of too early. */
    private static final long LOOK_MILLIS = 500;
    private static final int CHUNK_BYTES = 64 * 1024;

    private final String name;
    private final Console console;
    private final LogReader reader;
    private final RandomAccessFile fifo;
    private final FolderWatch.Watch watch;
    private final InputPump input;
    private final Semaphore written = new Semaphore(0);
    private final Thread thread;
    private volatile boolean draining;
    private volatile boolean closed;

    /**
     * Begins to carry.
     *
     * @param reader where the console is to go on, taken over
     */
    QemuConsole(String name, Console console, VmFolder folder, LogReader reader, FolderWatch watches)
            throws IOException {
        this.name = name;
        this.console = console;
        this.reader = reader;
        // For reading and writing, as opening a FIFO for writing alone waits for a reader (fifo(7)).
        this.fifo = new RandomAccessFile(new QemuFiles(folder).consoleInput().toFile(), "rw");
        this.watch = watches.watch(folder.run(), written::release);
        this.input = new InputPump(name, console, fifo::write);
        this.thread = Thread.ofVirtual().name("console-output " + name).start(this::read);
    }

    private void read() {
        try {
            while (!closed) {
                byte[] bytes = reader.read(CHUNK_BYTES);
                if (bytes.length > 0) {
                    console.output(bytes, 0, bytes.length);
                } else if (draining) {
                    return;
                } else if (written.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                    written.drainPermits();
                }
            }
        } catch (IOException e) {
            log.error("VM {}: its console log cannot be read", name, e);
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the last byte is read, after QEMU is gone. */
    void drain() throws InterruptedException {
        draining = true;
        written.release();
        if (!thread.join(Duration.ofSeconds(5))) {
            log.warn("VM {}: its console log was not read to its end within 5 s", name);
        }
    }

    @Override
    public void close() {
        closed = true;
        input.close();
        watch.close();
        written.release();
        try {
            thread.join();
            fifo.close();
            reader.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.debug("VM {}: its console did not close in order", name, e);
        }
    }
}
