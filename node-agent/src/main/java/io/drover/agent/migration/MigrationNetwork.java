package io.drover.agent.migration;

import io.drover.scheduler.host.HostId;
import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.MigrationLink;
import io.drover.vmm.client.MigrationPeer;
import io.drover.vmm.client.MigrationPorts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How guests go from one host to another: by TCP, straight from agent to agent, with mutual TLS where agents have it. The
 * certificates are read anew for each migration, so that new ones count at once.
 *
 * @param bind where connections are taken
 * @param ports of it
 * @param advertised the host part of where other agents find this one: a name, or an address
 * @param tlsFolder of ca.pem, cert.pem and key.pem; empty: in the clear, from anybody
 */
public record MigrationNetwork(InetAddress bind, MigrationPorts ports, String advertised, Optional<Path> tlsFolder) {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /**
     * Listens for one migration's connections, at one of the ports that is free.
     *
     * @param source that may come
     */
    public MigrationDoor open(HostId source) throws IOException {
        return MigrationDoor.listen(bind, ports, peer(source), PATIENCE);
    }

    /** Where others find a door, host:port. */
    public String address(MigrationDoor door) throws IOException {
        return advertised + ":" + door.port();
    }

    /**
     * Connects a machine's process to a door. Blocks; for a platform thread.
     *
     * @param address host:port
     * @param destination that is to answer
     * @param link of the process
     */
    public MigrationLink connect(String address, HostId destination, Path link, int connections) throws IOException {
        return MigrationLink.connect(parse(address), link, connections, peer(destination), PATIENCE);
    }

    private static InetSocketAddress parse(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        if (colon > 0 && address.substring(colon + 1).matches("\\d{1,5}")
                && Integer.parseInt(address.substring(colon + 1)) <= 65_535) {
            InetSocketAddress parsed = new InetSocketAddress(address.substring(0, colon),
                    Integer.parseInt(address.substring(colon + 1)));
            if (!parsed.isUnresolved()) {
                return parsed;
            }
        }
        throw new IOException("the destination's address : " + address
                + " (expected: HOST:PORT, of a host that is known here; next: start its agent with another --advertise)");
    }

    private Optional<MigrationPeer> peer(HostId host) throws IOException {
        if (tlsFolder.isEmpty()) {
            return Optional.empty();
        }
        Path folder = tlsFolder.get();
        try {
            JdkSslContext context = (JdkSslContext) SslContextBuilder
                    .forServer(folder.resolve("cert.pem").toFile(), folder.resolve("key.pem").toFile())
                    .trustManager(folder.resolve("ca.pem").toFile()).clientAuth(ClientAuth.REQUIRE)
                    .sslProvider(SslProvider.JDK).protocols("TLSv1.3").build();
            return Optional.of(new MigrationPeer(context.context(), "drover://agent/" + host.name()));
        } catch (IllegalArgumentException e) {
            throw new IOException("--tls-dir " + folder + ": " + e.getMessage(), e);
        }
    }
}
