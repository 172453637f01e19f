package io.drover.vmm.client;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.TcpSocket;
import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Where a host listens for the connections of one migration. */
public final class MigrationDoor implements Closeable {
    private final Optional<MigrationPeer> peer;
    private final Duration timeout;
    /** One of them, as there is a peer or not. */
    private final Optional<FileHandle> plain;
    private final Optional<ServerSocket> encrypted;

    private MigrationDoor(Optional<MigrationPeer> peer, Duration timeout, Optional<FileHandle> plain,
            Optional<ServerSocket> encrypted) {
        this.peer = peer;
        this.timeout = timeout;
        this.plain = plain;
        this.encrypted = encrypted;
    }

    /**
     * Listens from now on.
     *
     * @param address
     *            port 0: one that is free
     * @param peer
     *            who may come; empty: anybody, in the clear
     * @param timeout
     *            for each connection to come, and to say who it is
     */
    public static MigrationDoor listen(InetSocketAddress address, Optional<MigrationPeer> peer, Duration timeout)
            throws IOException {
        if (peer.isEmpty()) {
            return new MigrationDoor(peer, timeout, Optional.of(TcpSocket.listen(address, timeout)), Optional.empty());
        }
        SSLServerSocket socket = (SSLServerSocket) peer.get().context().getServerSocketFactory().createServerSocket();
        try {
            socket.setNeedClientAuth(true);
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            socket.bind(address);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        return new MigrationDoor(peer, timeout, Optional.empty(), Optional.of(socket));
    }

    /**
     * As {@link #listen(InetSocketAddress, Optional, Duration)}, at the first of the ports that is free.
     *
     * @throws IOException
     *             also when none is
     */
    public static MigrationDoor listen(InetAddress address, MigrationPorts ports, Optional<MigrationPeer> peer,
            Duration timeout) throws IOException {
        for (int port = ports.first(); port <= ports.last(); port++) {
            try {
                return listen(new InetSocketAddress(address, port), peer, timeout);
            } catch (BindException e) {
                // Another migration's, or another program's.
            } catch (SystemCallException e) {
                if (e.errno() != Errno.EADDRINUSE) {
                    throw e;
                }
            }
        }
        throw new IOException(
                "ports " + ports + " for migrations : all are in use (next: wait for a migration to end, or"
                        + " start the agent with more --migration-ports)");
    }

    /** At which it listens. */
    public int port() throws IOException {
        return plain.isPresent() ? TcpSocket.port(plain.get()) : encrypted.orElseThrow().getLocalPort();
    }

    /**
     * Lets the connections in, and hands them to a VMM that was told to receive. Blocks; for a platform thread.
     *
     * @param link
     *            as {@link VmmClient#receiveMigration} was told
     * @throws IOException
     *             when they do not come in time, come from somebody else, or {@link #close} was called
     */
    public MigrationLink admit(Path link, int connections) throws IOException {
        MigrationLink made = new MigrationLink();
        try {
            for (int i = 0; i < connections; i++) {
                if (peer.isPresent()) {
                    made.relay((SSLSocket) encrypted.orElseThrow().accept(), peer.get(), link, timeout);
                } else {
                    try (FileHandle socket = TcpSocket.accept(plain.orElseThrow())) {
                        MigrationLink.hand(socket, link, timeout);
                    }
                }
            }
            return made;
        } catch (SystemCallException e) {
            made.close();
            throw e.errno() == Errno.EAGAIN ? late(e) : e;
        } catch (SocketTimeoutException e) {
            made.close();
            throw late(e);
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private IOException late(IOException cause) {
        return new IOException("the other host did not connect within " + timeout.toSeconds() + " s", cause);
    }

    /** Whoever waits in {@link #admit} comes back. */
    @Override
    public void close() throws IOException {
        if (plain.isPresent()) {
            TcpSocket.end(plain.get());
            plain.get().close();
        }
        if (encrypted.isPresent()) {
            encrypted.get().close();
        }
    }
}
