package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.agent.TlsAgentChannels;
import io.drover.controller.agent.TlsFolder;
import io.drover.controller.record.HostId;
import io.drover.proto.agent.v1.AgentServiceGrpc;
import io.drover.proto.agent.v1.FindFilesRequest;
import io.drover.proto.agent.v1.FindFilesResponse;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.ListHostsRequest;
import io.drover.scheduler.placement.Policy;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With --tls-dir: who may talk to the controller, and to whom it talks. */
final class MutualTlsTest {
    private static final AtomicLong serials = new AtomicLong(1);

    @TempDir
    private Path folder;
    private KeyPair authorityKey;
    private X509CertificateHolder authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authorityKey = key();
        authority = builder("CN=drover test authority", authorityKey)
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(authorityKey.getPrivate()));
    }

    private static KeyPair key() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    private static JcaX509v3CertificateBuilder builder(String subject, KeyPair key) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(new X500Name("CN=drover test authority"),
                BigInteger.valueOf(serials.getAndIncrement()), Date.from(now.minus(Duration.ofHours(1))),
                Date.from(now.plus(Duration.ofHours(1))), new X500Name(subject), key.getPublic());
    }

    /** A folder as for --tls-dir, with a certificate for this role. */
    private TlsFolder tls(String role) {
        try {
            KeyPair key = key();
            X509CertificateHolder leaf = builder("CN=leaf", key)
                    .addExtension(Extension.subjectAlternativeName, false,
                            new GeneralNames(
                                    new GeneralName[] {new GeneralName(GeneralName.uniformResourceIdentifier, role),
                                            new GeneralName(GeneralName.iPAddress, "127.0.0.1")}))
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(authorityKey.getPrivate()));
            Path into = Files.createTempDirectory(folder, "tls");
            Files.writeString(into.resolve("ca.pem"), pem("CERTIFICATE", authority.getEncoded()));
            Files.writeString(into.resolve("cert.pem"), pem("CERTIFICATE", leaf.getEncoded()));
            Files.writeString(into.resolve("key.pem"), pem("PRIVATE KEY", key.getPrivate().getEncoded()));
            return new TlsFolder(into);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pem(String type, byte[] bytes) {
        return "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
                + "\n-----END "
                + type + "-----\n";
    }

    private static ManagedChannel client(String address, Optional<TlsFolder> tls, TlsFolder trust) throws IOException {
        SslContextBuilder context = GrpcSslContexts.configure(GrpcSslContexts.forClient(), SslProvider.JDK)
                .trustManager(trust.authorities().toFile());
        tls.ifPresent(mine -> context.keyManager(mine.certificate().toFile(), mine.key().toFile()));
        return NettyChannelBuilder.forTarget("dns:///" + address).sslContext(context.build()).build();
    }

    private static int hosts(ManagedChannel channel) {
        try {
            return HostServiceGrpc.newBlockingStub(channel).withDeadlineAfter(15, TimeUnit.SECONDS)
                    .listHosts(ListHostsRequest.getDefaultInstance()).getHostsCount();
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void clientsAreServedAgentsAndStrangersAreNot() throws Exception {
        TlsFolder mine = tls("drover://controller/c1");
        ControllerConfig config = new ControllerConfig(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                folder.resolve("data"), Optional.empty(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                Optional.empty(), Optional.of(mine), Optional.empty(), Policy.SPREAD);
        try (Controller controller = Controller.start(config, () -> {})) {
            String api = controller.apiAddress();
            assertThat(hosts(client(api, Optional.of(tls("drover://client/alice")), mine))).isZero();
            assertThatThrownBy(() -> hosts(client(api, Optional.of(tls("drover://agent/h1")), mine)))
                    .isInstanceOfSatisfying(StatusRuntimeException.class,
                            e -> assertThat(e.getStatus().getCode().name()).isEqualTo("PERMISSION_DENIED"));
            assertThatThrownBy(() -> hosts(client(api, Optional.empty(), mine)))
                    .isInstanceOf(StatusRuntimeException.class);
        }
    }

    @Test
    void agentMustHaveTheRoleOfItsHost() throws Exception {
        TlsFolder agent = tls("drover://agent/h1");
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sslContext(GrpcSslContexts
                        .configure(SslContextBuilder.forServer(agent.certificate().toFile(), agent.key().toFile()),
                                SslProvider.JDK)
                        .trustManager(agent.authorities().toFile()).clientAuth(ClientAuth.REQUIRE).build())
                .addService(new AgentServiceGrpc.AgentServiceImplBase() {
                    @Override
                    public void findFiles(FindFilesRequest request, StreamObserver<FindFilesResponse> response) {
                        response.onNext(FindFilesResponse.getDefaultInstance());
                        response.onCompleted();
                    }
                }).build().start();
        try {
            TlsAgentChannels channels = new TlsAgentChannels(tls("drover://controller/c1"));
            String address = "127.0.0.1:" + server.getPort();
            assertThat(ask(channels.open(new HostId("h1"), address))).isNotNull();
            assertThatThrownBy(() -> ask(channels.open(new HostId("h2"), address)))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasStackTraceContaining("expected: the URI drover://agent/h2");
        } finally {
            server.shutdownNow();
        }
    }

    private static FindFilesResponse ask(ManagedChannel channel) {
        try {
            return AgentServiceGrpc.newBlockingStub(channel).withDeadlineAfter(15, TimeUnit.SECONDS)
                    .findFiles(FindFilesRequest.getDefaultInstance());
        } finally {
            channel.shutdownNow();
        }
    }
}
