package io.drover.agent.server;

import io.drover.agent.files.FileStore;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.vm.HostVms;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The agent's gRPC server: its service, health and reflection. */
public final class AgentServer implements AutoCloseable {
    /** The agent's messages are small; a file comes in pieces of at most 1 MiB. */
    private static final int MAX_MESSAGE_BYTES = 4 << 20;

    private final Server server;
    private final ExecutorService calls;
    private final HealthStatusManager health;

    private AgentServer(Server server, ExecutorService calls, HealthStatusManager health) {
        this.server = server;
        this.calls = calls;
        this.health = health;
    }

    /**
     * Serves.
     *
     * @param tlsFolder holds ca.pem, cert.pem and key.pem: callers must then be controllers by certificate; empty:
     *        plain text
     */
    public static AgentServer start(InetSocketAddress listen, Optional<Path> tlsFolder, HostVms vms, FileStore files,
            ObservationBoard board) throws IOException {
        ExecutorService calls = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("grpc-", 0).factory());
        HealthStatusManager health = new HealthStatusManager();
        NettyServerBuilder builder = NettyServerBuilder.forAddress(listen, credentials(tlsFolder)).executor(calls)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES).permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(new AgentService(vms, files, board)).addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance());
        if (tlsFolder.isPresent()) {
            builder.intercept(new ControllerOnly());
        }
        Server server;
        try {
            server = builder.build().start();
        } catch (IOException e) {
            calls.shutdown();
            throw new IOException("cannot listen on " + listen + ": " + e.getMessage(), e);
        }
        health.setStatus("drover.agent.v1.AgentService", ServingStatus.SERVING);
        return new AgentServer(server, calls, health);
    }

    private static ServerCredentials credentials(Optional<Path> tlsFolder) throws IOException {
        if (tlsFolder.isEmpty()) {
            return InsecureServerCredentials.create();
        }
        Path folder = tlsFolder.get();
        for (String name : List.of("ca.pem", "cert.pem", "key.pem")) {
            if (!Files.isReadable(folder.resolve(name))) {
                throw new IOException(
                        "--tls-dir " + folder + ": " + name + " cannot be read (expected: ca.pem, cert.pem, key.pem)");
            }
        }
        try {
            return TlsServerCredentials.newBuilder()
                    .keyManager(folder.resolve("cert.pem").toFile(), folder.resolve("key.pem").toFile())
                    .trustManager(folder.resolve("ca.pem").toFile()).clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new IOException("--tls-dir " + folder + ": " + e.getMessage(), e);
        }
    }

    /** The port that is served, also when 0 was asked for. */
    public int port() {
        return server.getPort();
    }

    /** Ends all calls. Returns when nothing of the server runs. */
    @Override
    public void close() {
        health.enterTerminalState();
        server.shutdownNow();
        try {
            if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the gRPC server did not end within 10 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        calls.shutdownNow();
    }
}
