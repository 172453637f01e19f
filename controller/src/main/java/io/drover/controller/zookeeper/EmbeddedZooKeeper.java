package io.drover.controller.zookeeper;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.zookeeper.server.DatadirCleanupManager;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real ZooKeeper server inside this process, for trying out and for small clouds: its data in a folder, old snapshots
 * purged, no AdminServer. Everything above talks to it by its address, as to an ensemble.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EmbeddedZooKeeper.class);
    private static final int TICK_MILLIS = 2000;
    private static final int SNAPSHOTS_KEPT = 3;
    private static final int PURGE_HOURS = 1;
    /** Agents of one machine share an address: no limit per address. */
    private static final int NO_CONNECTION_LIMIT = 0;

    private final ServerCnxnFactory connections;
    private final ZooKeeperServer server;
    private final DatadirCleanupManager purge;
    private final String address;

    private EmbeddedZooKeeper(ServerCnxnFactory connections, ZooKeeperServer server, DatadirCleanupManager purge,
            String address) {
        this.connections = connections;
        this.server = server;
        this.purge = purge;
        this.address = address;
    }

    /**
     * Serves when it returns.
     *
     * @param data a folder of its own, made when missing
     * @param listen port 0 takes a free one
     * @param onFailure runs once, on a thread of the server, when it can no longer write its log; the process should end then
     */
    public static EmbeddedZooKeeper start(Path data, InetSocketAddress listen, Runnable onFailure)
            throws IOException, InterruptedException {
        File folder = data.toFile();
        ZooKeeperServer server;
        try {
            Files.createDirectories(data);
            server = new Server(new FileTxnSnapLog(folder, folder), onFailure);
        } catch (IOException e) {
            throw unusable(data, e);
        }
        ServerCnxnFactory connections = bound(listen);
        try {
            connections.startup(server);
        } catch (IOException e) {
            connections.shutdown();
            throw unusable(data, e);
        } catch (InterruptedException | RuntimeException e) {
            connections.shutdown();
            throw e;
        }
        DatadirCleanupManager purge = new DatadirCleanupManager(folder, folder, SNAPSHOTS_KEPT, PURGE_HOURS);
        purge.start();
        InetSocketAddress bound = connections.getLocalAddress();
        String address = bound.getAddress().getHostAddress() + ":" + bound.getPort();
        log.info("embedded ZooKeeper listens at {}, data in {}", address, data);
        return new EmbeddedZooKeeper(connections, server, purge, address);
    }

    private static ServerCnxnFactory bound(InetSocketAddress listen) throws IOException {
        try {
            return ServerCnxnFactory.createFactory(listen, NO_CONNECTION_LIMIT);
        } catch (IOException e) {
            throw new IOException("--zookeeper-listen : " + listen.getAddress().getHostAddress() + ":"
                    + listen.getPort()
                    + " cannot be had: " + e.getMessage() + " (expected: a free address of this machine; if another "
                    + "ZooKeeper runs there, use it with --zookeeper)", e);
        }
    }

    private static IOException unusable(Path data, IOException e) {
        return new IOException("--data : the ZooKeeper inside cannot use " + data + ": " + e.getMessage()
                + " (expected: a folder that can be written, with room, whose files are whole; put back a copy of it, or "
                + "move it away to begin with nothing)", e);
    }

    /** host:port, a connect string for clients. */
    public String address() {
        return address;
    }

    @Override
    public void close() {
        purge.shutdown();
        connections.shutdown();
        server.shutdown();
        try {
            server.getTxnLogFactory().close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing the log of ZooKeeper", e);
        }
    }

    /** Tells when the server failed; the original leaves that to the main class that we don't use. */
    private static final class Server extends ZooKeeperServer {
        private final Runnable onFailure;

        Server(FileTxnSnapLog log, Runnable onFailure) {
            super(log, TICK_MILLIS, "");
            this.onFailure = onFailure;
        }

        @Override
        protected void setState(State state) {
            super.setState(state);
            if (state == State.ERROR) {
                onFailure.run();
            }
        }
    }
}
