package io.drover.cli.api;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.proto.v1.CpuModelServiceGrpc;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.ImageServiceGrpc;
import io.drover.proto.v1.MigrationServiceGrpc;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.VmServiceGrpc;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A connection to a controller. Calls whose connection breaks are tried again for a fraction of a second; mutations carry a
 * request id, so that nothing is done twice.
 */
public final class ApiClient implements AutoCloseable {
    /** How long one unary call may take before the controller counts as stuck. */
    static final Duration CALL_DEADLINE = Duration.ofSeconds(30);

    private static final Map<String, ?> SERVICE_CONFIG = Map.of("methodConfig",
            List.of(Map.of("name", List.of(Map.of()), "retryPolicy",
                    Map.of("maxAttempts", 4.0, "initialBackoff", "0.05s", "maxBackoff", "0.2s", "backoffMultiplier",
                            2.0,
                            "retryableStatusCodes", List.of("UNAVAILABLE")))));

    private final Endpoint endpoint;
    private final ManagedChannel channel;

    private ApiClient(Endpoint endpoint, ManagedChannel channel) {
        this.endpoint = endpoint;
        this.channel = channel;
    }

    /**
     * Connects when first used.
     *
     * @param tlsDirectory holds ca.pem, cert.pem and key.pem; empty for plain text
     * @throws Failure when the certificate cannot be read
     */
    public static ApiClient connect(Endpoint endpoint, Optional<Path> tlsDirectory) throws Failure {
        ChannelCredentials credentials = tlsDirectory.isPresent() ? tls(tlsDirectory.get())
                : InsecureChannelCredentials.create();
        ManagedChannel channel = Grpc.newChannelBuilderForAddress(endpoint.host(), endpoint.port(), credentials)
                .defaultServiceConfig(SERVICE_CONFIG)
                // An answer of many VMs at once, and what a console may burst.
                .maxInboundMessageSize(64 << 20).build();
        return new ApiClient(endpoint, channel);
    }

    private static ChannelCredentials tls(Path directory) throws Failure {
        for (String file : List.of("ca.pem", "cert.pem", "key.pem")) {
            if (!Files.isReadable(directory.resolve(file))) {
                throw new Failure(ExitCode.ERROR, "cannot use TLS", directory.resolve(file) + " cannot be read",
                        "make a client certificate with `drover ca issue --role client --name NAME --out " + directory
                                + "`");
            }
        }
        try {
            return TlsChannelCredentials.newBuilder().trustManager(directory.resolve("ca.pem").toFile())
                    .keyManager(directory.resolve("cert.pem").toFile(), directory.resolve("key.pem").toFile()).build();
        } catch (IOException | IllegalArgumentException e) {
            throw new Failure(ExitCode.ERROR, "cannot use TLS",
                    "the files in " + directory + " are no certificate and key: "
                            + e.getMessage(),
                    "make them again with `drover ca issue`");
        }
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    public VmServiceGrpc.VmServiceBlockingStub vms() {
        return VmServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    public HostServiceGrpc.HostServiceBlockingStub hosts() {
        return HostServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    public ImageServiceGrpc.ImageServiceBlockingStub images() {
        return ImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    public CpuModelServiceGrpc.CpuModelServiceBlockingStub cpuModels() {
        return CpuModelServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    public MigrationServiceGrpc.MigrationServiceBlockingStub migrations() {
        return MigrationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    /** For streams that last as long as a migration: no deadline. */
    public MigrationServiceGrpc.MigrationServiceBlockingStub migrationStreams() {
        return MigrationServiceGrpc.newBlockingStub(channel);
    }

    public TaskServiceGrpc.TaskServiceBlockingStub tasks() {
        return TaskServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_DEADLINE);
    }

    /** For streams that last as long as somebody looks at them: no deadline. */
    public VmServiceGrpc.VmServiceBlockingStub vmStreams() {
        return VmServiceGrpc.newBlockingStub(channel);
    }

    /** For AttachConsole. */
    public VmServiceGrpc.VmServiceStub consoles() {
        return VmServiceGrpc.newStub(channel);
    }

    /** For UploadFile. */
    public ImageServiceGrpc.ImageServiceStub uploads() {
        return ImageServiceGrpc.newStub(channel);
    }

    /**
     * Makes a call, and a {@link Failure} of its error.
     *
     * @param what what cannot be done when the call fails, such as "cannot list VMs"
     */
    public <T> T call(String what, Supplier<T> call) throws Failure {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            throw failure(e, what);
        }
    }

    public Failure failure(StatusRuntimeException exception, String what) {
        return StatusFailures.of(exception, what, endpoint);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
