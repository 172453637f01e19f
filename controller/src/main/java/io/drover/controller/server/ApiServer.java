package io.drover.controller.server;

import com.linecorp.armeria.common.Flags;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.grpc.GrpcMeterIdPrefixFunction;
import com.linecorp.armeria.common.grpc.GrpcSerializationFormats;
import com.linecorp.armeria.common.util.TlsEngineType;
import com.linecorp.armeria.common.util.TransportType;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.docs.DocService;
import com.linecorp.armeria.server.docs.DocServiceFilter;
import com.linecorp.armeria.server.grpc.GrpcService;
import com.linecorp.armeria.server.grpc.GrpcServiceBuilder;
import com.linecorp.armeria.server.grpc.HttpJsonTranscodingOptions;
import com.linecorp.armeria.server.grpc.HttpJsonTranscodingQueryParamMatchRule;
import com.linecorp.armeria.server.healthcheck.HealthCheckService;
import com.linecorp.armeria.server.healthcheck.SettableHealthChecker;
import com.linecorp.armeria.server.metric.MetricCollectingService;
import io.drover.controller.agent.TlsFolder;
import io.drover.controller.migration.MigrationStreams;
import io.drover.controller.vm.VmRelay;
import io.drover.controller.vm.VmStreams;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/**
 * The one port of the controller: gRPC, gRPC-Web and JSON over HTTP for the public API, and beside it reflection, the API
 * reference at /docs, /metrics and health.
 */
public final class ApiServer implements AutoCloseable {
    /** A WaitTask may take 60 s; what takes longer is stuck. */
    private static final Duration REQUEST_LIMIT = Duration.ofSeconds(70);
    private static final long MAX_REQUEST_BYTES = 4 << 20;

    private final Server server;
    private final HealthStatusManager health;
    private final SettableHealthChecker healthy;
    private final JsonStreams jsonStreams;

    private ApiServer(Server server, HealthStatusManager health, SettableHealthChecker healthy,
            JsonStreams jsonStreams) {
        this.server = server;
        this.health = health;
        this.healthy = healthy;
        this.jsonStreams = jsonStreams;
    }

    /**
     * Serves when it returns.
     *
     * @param tls with it, mutual TLS is required
     * @throws IOException when the address cannot be had, or the TLS files cannot be used
     */
    public static ApiServer start(InetSocketAddress listen, Optional<TlsFolder> tls, List<BindableService> services,
            VmStreams streams, VmRelay relay, MigrationStreams migrations, PrometheusMeterRegistry registry)
            throws IOException {
        HealthStatusManager health = new HealthStatusManager();
        SettableHealthChecker healthy = new SettableHealthChecker(true);
        JsonStreams json = new JsonStreams(streams, relay, migrations);
        List<ServerServiceDefinition> definitions = services.stream().map(BindableService::bindService).toList();
        ServerBuilder builder = Server.builder();
        if (tls.isPresent()) {
            builder.https(listen);
            List<X509Certificate> authority = tls.get().authority();
            // The JDK's engine: one implementation of TLS in the house, and no native library to keep.
            builder.tlsEngineType(TlsEngineType.JDK)
                    .tls(TlsKeyPair.of(tls.get().key().toFile(), tls.get().certificate().toFile()))
                    .tlsCustomizer(context -> context.trustManager(authority).clientAuth(ClientAuth.REQUIRE));
            builder.decorator(new RoleGate());
        } else {
            builder.http(listen);
        }
        builder.meterRegistry(registry).requestTimeout(REQUEST_LIMIT).maxRequestLength(MAX_REQUEST_BYTES)
                .idleTimeout(Duration.ofMinutes(5)).pingInterval(Duration.ofSeconds(30))
                .gracefulShutdownTimeout(Duration.ZERO, Duration.ofSeconds(2)).errorHandler(new JsonServerErrors());
        if (Flags.transportType() == TransportType.EPOLL) {
            builder.bossGroupFactory(Acceptor::new);
        }
        builder.route().get("/v1/vms:watch").build(json.watch());
        builder.service(Route.builder().regex("^/v1/vms/(?<vm>[^/:]+):log$").build(), json.log());
        builder.service(Route.builder().regex("^/v1/migrations/(?<migration>[^/:]+):watch$").build(), json.migration());
        builder.decorator(new StreamLimits(definitions));
        builder.service(grpc(services),
                MetricCollectingService.newDecorator(GrpcMeterIdPrefixFunction.of("drover.api")));
        builder.service(standard(health));
        builder.serviceUnder("/docs", DocService.builder().webAppTitle("Drover API")
                .include(DocServiceFilter.ofGrpc())
                .exclude(DocServiceFilter.ofServiceName("grpc.reflection.v1.ServerReflection"))
                .build());
        builder.service("/healthz", HealthCheckService.of(healthy));
        builder.service("/metrics", (ctx, request) -> HttpResponse.of(HttpStatus.OK,
                MediaType.parse("text/plain; version=0.0.4; charset=utf-8"), registry.scrape()));
        builder.service("/", (ctx, request) -> HttpResponse.of(
                ResponseHeaders.of(HttpStatus.FOUND, HttpHeaderNames.LOCATION, "/docs/")));
        Server server = builder.build();
        try {
            server.start().join();
        } catch (CompletionException e) {
            throw new IOException("--listen " + listen + " : " + e.getCause().getMessage(), e.getCause());
        }
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
        return new ApiServer(server, health, healthy, json);
    }

    private static GrpcService grpc(List<BindableService> services) {
        GrpcServiceBuilder grpc = GrpcService.builder();
        services.forEach(grpc::addService);
        return grpc.supportedSerializationFormats(GrpcSerializationFormats.values())
                .maxRequestMessageLength((int) MAX_REQUEST_BYTES)
                .enableHttpJsonTranscoding(HttpJsonTranscodingOptions.builder()
                        .queryParamMatchRules(HttpJsonTranscodingQueryParamMatchRule.LOWER_CAMEL_CASE,
                                HttpJsonTranscodingQueryParamMatchRule.ORIGINAL_FIELD)
                        .errorHandler(new JsonErrors()).build())
                .enableUnframedRequests(true).unframedGrpcErrorHandler(new JsonErrors()).build();
    }

    /**
     * Reflection and health come with gRPC and expect its threading. On Armeria's event loops their streams are told that they
     * are ready while they send, and send the same answer twice; on the blocking executor each call is a queue.
     */
    private static GrpcService standard(HealthStatusManager health) {
        return GrpcService.builder().useBlockingTaskExecutor(true).addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance()).build();
    }

    /** host:port that clients can connect to. */
    public String address() {
        InetSocketAddress bound = server.activePort().localAddress();
        return bound.getAddress().getHostAddress() + ":" + bound.getPort();
    }

    /** Tells whoever asks for its health that it is about to stop, then stops within seconds. */
    @Override
    public void close() {
        healthy.setHealthy(false);
        health.enterTerminalState();
        jsonStreams.close();
        server.stop().join();
    }
}
