package io.drover.vmm.process;

import io.drover.proto.vmm.v1.Event;
import io.drover.vmm.log.Log;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Serves drover.vmm.v1 on a Unix socket. All connections belong to one thread that never blocks on any of them: a peer that does
 * not read, sends garbage or vanishes harms its own connection only. Other threads hand it work with {@link #execute}.
 */
final class ControlServer implements AutoCloseable {
    /** More agents, tools and consoles than one VM has; further ones are turned away. */
    private static final int MAX_CONNECTIONS = 64;
    /** What a peer has to take its last replies and events in when the process ends. */
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);

    private final Path path;
    /** Changed on the server's thread. */
    private volatile VmmControl control;
    private final Log log;
    private final Selector selector;
    private final ServerSocketChannel listening;
    private final Queue<Runnable> work = new ConcurrentLinkedQueue<>();
    private final List<ControlConnection> connections = new ArrayList<>();
    private final Thread thread;
    private volatile boolean closing;

    private ControlServer(Path path, VmmControl control, Log log, Selector selector, ServerSocketChannel listening) {
        this.path = path;
        this.control = control;
        this.log = log;
        this.selector = selector;
        this.listening = listening;
        this.thread = Thread.ofPlatform().name("control").unstarted(this::run);
    }

    /**
     * Listens, from now on.
     *
     * @param path
     *            a socket file that is there already is replaced when nobody listens on it any more
     * @throws IOException
     *             when the socket cannot be made, or another process listens on it
     */
    static ControlServer start(Path path, VmmControl control, Log log) throws IOException {
        removeStale(path);
        Selector selector = Selector.open();
        ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            // The process's umask keeps others out until the mode is set.
            listening.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            listening.configureBlocking(false);
            listening.register(selector, SelectionKey.OP_ACCEPT);
        } catch (IOException e) {
            listening.close();
            selector.close();
            throw new IOException("control socket " + path + " : " + e.getMessage()
                    + " (expected: a path of at most 107 bytes in a folder that can be written)", e);
        }
        ControlServer server = new ControlServer(path, control, log, selector, listening);
        server.thread.start();
        return server;
    }

    /**
     * From now on requests are for another; returns when no request is for the one before any more. Not on the server's
     * thread.
     */
    void serve(VmmControl next) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        execute(() -> {
            control = next;
            for (ControlConnection connection : connections) {
                connection.serve(next);
            }
            done.countDown();
        });
        while (thread.isAlive() && !done.await(CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
            // Its thread is at something else, or gone with all connections.
        }
    }

    /** Who hears of requests. */
    VmmControl control() {
        return control;
    }

    /** Has something done on the server's thread, soon. */
    void execute(Runnable task) {
        work.add(task);
        selector.wakeup();
    }

    /** Has every connection look at its console again. Allocates nothing: vCPU threads call it. */
    void wake() {
        selector.wakeup();
    }

    /** Sends to every connection that watches. */
    void publish(Event event) {
        execute(() -> {
            for (int index = connections.size() - 1; index >= 0; index--) {
                // From the end, for one that fails takes itself off the list.
                connections.get(index).publish(event);
            }
        });
    }

    /** Gives the peers a moment to take what was sent, ends all connections, removes the socket. Not on the server's thread. */
    @Override
    public void close() {
        end();
    }

    /** As {@link #close}, which does nothing after this. */
    void end() {
        closing = true;
        selector.wakeup();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException expected) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException nobodyListens) {
            Files.delete(path);
            return;
        }
        throw new IOException("control socket " + path + " : another process listens on it (expected: a free path)");
    }

    private void run() {
        try {
            long giveUpAt = 0;
            while (true) {
                if (closing) {
                    long now = System.nanoTime();
                    giveUpAt = giveUpAt == 0 ? now + CLOSE_DEADLINE.toNanos() : giveUpAt;
                    runWork();
                    for (ControlConnection connection : List.copyOf(connections)) {
                        connection.pump();
                    }
                    if (giveUpAt - now <= 0 || allFlushed()) {
                        return;
                    }
                    selector.select(Math.max(1, (giveUpAt - now) / 1_000_000));
                } else {
                    selector.select();
                }
                runWork();
                for (SelectionKey key : selector.selectedKeys()) {
                    if (key.attachment() instanceof ControlConnection connection) {
                        connection.ready();
                    } else {
                        accept();
                    }
                }
                selector.selectedKeys().clear();
                for (int index = connections.size() - 1; index >= 0; index--) {
                    connections.get(index).pumpConsole();
                }
            }
        } catch (IOException | RuntimeException e) {
            log.error("the control socket is gone, the VM runs on", e);
        } finally {
            closeAll();
        }
    }

    private void runWork() {
        for (Runnable task = work.poll(); task != null; task = work.poll()) {
            task.run();
        }
    }

    private boolean allFlushed() {
        for (ControlConnection connection : connections) {
            if (!connection.flushed()) {
                return false;
            }
        }
        return true;
    }

    private void accept() {
        SocketChannel channel;
        try {
            channel = listening.accept();
        } catch (IOException e) {
            log.warn("a connection to the control socket could not be accepted: " + e);
            return;
        }
        if (channel == null) {
            return;
        }
        try {
            if (connections.size() >= MAX_CONNECTIONS || closing) {
                log.warn("a connection to the control socket is turned away: there are " + connections.size());
                channel.close();
                return;
            }
            channel.configureBlocking(false);
            connections.add(new ControlConnection(channel, channel.register(selector, SelectionKey.OP_READ), control,
                    this, log));
        } catch (IOException e) {
            log.warn("a connection to the control socket ended at once: " + e);
        }
    }

    /** Of a connection that has closed itself. */
    void forget(ControlConnection connection) {
        connections.remove(connection);
    }

    private void closeAll() {
        for (ControlConnection connection : List.copyOf(connections)) {
            connection.close();
        }
        try {
            listening.close();
            selector.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            log.warn("the control socket could not be removed: " + e);
        }
    }
}
