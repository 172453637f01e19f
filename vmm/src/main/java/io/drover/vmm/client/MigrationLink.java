package io.drover.vmm.client;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.PassedFile;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.TcpSocket;
import io.drover.vmm.linux.UnixSocket;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSocket;

/**
 * The connections of one migration, as an agent makes them for a VMM process of its own, which can make none. In the clear,
 * the VMM has the TCP connections themselves, and closing this changes nothing for them. With TLS, which the agent speaks so
 * that no VMM ever has a key, what goes over them goes through this process: to close this, or to end the process, ends the
 * migration's stream.
 *
 * <p>
 * The agents' part of a migration is this:
 *
 * <pre>
 * destination: VMM started with {@link VmmSettings#withIncoming}; {@link VmmClient#receiveMigration}; {@link
 *              MigrationDoor#listen} says the port; {@link MigrationDoor#admit}
 * source:      {@link VmmClient#sendMigration}; {@link #connect} to that port
 * </pre>
 *
 * Calls block; they are for platform threads.
 */
public final class MigrationLink implements Closeable {
    private static final Duration RETRY = Duration.ofMillis(20);

    private final List<TlsRelay> relays = new ArrayList<>();

    MigrationLink() {}

    /**
     * Connects a VMM that was told to send to where another host listens.
     *
     * @param link
     *            as {@link VmmClient#sendMigration} was told
     * @param connections
     *            as it was told, too
     * @param peer
     *            empty: in the clear, and whoever answers
     * @throws IOException
     *             when the other host does not answer, or is another; the VMM notices that nothing comes
     */
    public static MigrationLink connect(InetSocketAddress target, Path link, int connections,
            Optional<MigrationPeer> peer, Duration timeout) throws IOException {
        MigrationLink made = new MigrationLink();
        try {
            for (int i = 0; i < connections; i++) {
                if (peer.isPresent()) {
                    Socket plain = new Socket();
                    plain.connect(target, Math.toIntExact(timeout.toMillis()));
                    SSLSocket socket = (SSLSocket) peer.get().context().getSocketFactory().createSocket(plain,
                            target.getHostString(), target.getPort(), true);
                    made.relay(socket, peer.get(), link, timeout);
                } else {
                    try (FileHandle socket = TcpSocket.connect(target, timeout)) {
                        hand(socket, link, timeout);
                    }
                }
            }
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    /** Greets the peer, and hands the VMM an end of a pair of sockets that a relay copies to and fro. */
    void relay(SSLSocket socket, MigrationPeer peer, Path link, Duration timeout) throws IOException {
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            socket.startHandshake();
            peer.check(socket.getSession());
            socket.setSoTimeout(0);
            List<FileHandle> pair = UnixSocket.pair();
            try (FileHandle forVmm = pair.get(1)) {
                relays.add(TlsRelay.start(socket, pair.get(0)));
                hand(forVmm, link, timeout);
            }
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Gives a file to the VMM that listens, or is about to. */
    static void hand(FileHandle file, Path link, Duration timeout) throws IOException {
        long until = System.nanoTime() + timeout.toNanos();
        while (true) {
            try (FileHandle vmm = UnixSocket.connect(link)) {
                PassedFile.send(vmm, (byte) 's', Optional.of(file));
                return;
            } catch (SystemCallException e) {
                boolean mayCome = e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED
                        || e.errno() == Errno.EAGAIN;
                if (!mayCome || System.nanoTime() - until >= 0) {
                    throw new IOException("the VMM does not take a connection at " + link + ": " + e.getMessage(), e);
                }
            }
            try {
                Thread.sleep(RETRY);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    /** Ends the relays, if there are any, and waits for their threads. */
    @Override
    public void close() {
        for (TlsRelay relay : relays) {
            relay.close();
        }
    }
}
