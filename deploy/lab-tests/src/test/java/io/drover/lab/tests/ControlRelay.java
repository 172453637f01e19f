package io.drover.lab.tests;

import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Unix socket of this machine that stands for one in an emulated host: a test talks to a VMM there as an agent would. */
final class ControlRelay implements AutoCloseable {
    /** Between its standard streams and a Unix socket, until either side ends. */
    private static final String COPY = """
            my $socket = IO::Socket::UNIX->new(Peer => shift) or die "$!";
            sub copy { my ($from, $to) = @_; while (sysread $from, my $part, 65536) { syswrite $to, $part } }
            my $parent = $$;
            if (fork()) { copy(*STDIN, $socket); shutdown $socket, 1; wait }
            else { copy($socket, *STDOUT); kill "TERM", $parent }
            """;

    private final LabHost host;
    private final Path socketInHost;
    private final Path folder;
    private final ServerSocketChannel server;

    private ControlRelay(LabHost host, Path socketInHost, Path folder, ServerSocketChannel server) {
        this.host = host;
        this.socketInHost = socketInHost;
        this.folder = folder;
        this.server = server;
    }

    static ControlRelay open(LabHost host, Path socketInHost) throws IOException {
        // The path of a Unix socket is short: not in a test's folder.
        Path folder = Files.createTempDirectory("drover-relay-");
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        ControlRelay relay = new ControlRelay(host, socketInHost, folder, server);
        server.bind(UnixDomainSocketAddress.of(relay.socket()));
        Thread.ofVirtual().name("relay " + socketInHost).start(relay::serve);
        return relay;
    }

    Path socket() {
        return folder.resolve("control");
    }

    private void serve() {
        try {
            while (true) {
                SocketChannel client = server.accept();
                Thread.ofVirtual().name("relay to " + socketInHost).start(() -> copy(client));
            }
        } catch (ClosedChannelException closed) {
            // As it should end.
        } catch (IOException e) {
            System.out.println("lab: the relay to " + socketInHost + " ended: " + e);
        }
    }

    private void copy(SocketChannel client) {
        ShellScript perl = ShellScript.of(List.of("perl", "-MIO::Socket::UNIX", "-e", COPY, socketInHost.toString()));
        try (client) {
            host.run(perl, Channels.newInputStream(client), Channels.newOutputStream(client), System.out);
        } catch (IOException e) {
            System.out.println("lab: the connection to " + socketInHost + " ended: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(socket());
        Files.delete(folder);
    }
}
