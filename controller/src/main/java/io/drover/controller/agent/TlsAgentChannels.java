package io.drover.controller.agent;

import io.drover.controller.record.HostId;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/** Mutual TLS; the agent's certificate must be for the role {@code drover://agent/<host>} of the host that is meant. */
public final class TlsAgentChannels implements AgentChannels {
    private final List<X509Certificate> authority;
    private final byte[] certificate;
    private final byte[] key;

    /**
     * Reads the files once, and tries them: a host that joins later must not find them broken.
     *
     * @throws IOException when they cannot be used
     */
    public TlsAgentChannels(TlsFolder tls) throws IOException {
        this.authority = tls.authority();
        this.certificate = Files.readAllBytes(tls.certificate());
        this.key = Files.readAllBytes(tls.key());
        try {
            SslContext _ = context("drover://agent/none");
        } catch (IllegalArgumentException e) {
            throw new IOException("--tls-dir : " + tls.folder() + " (expected: a certificate and its key in PKCS#8): "
                    + e.getMessage(), e);
        }
    }

    @Override
    public ManagedChannel open(HostId host, String address) {
        try {
            return AgentChannels.tuned(NettyChannelBuilder.forTarget(AgentChannels.target(address))
                    .sslContext(context("drover://agent/" + host.value()))).build();
        } catch (IOException e) {
            throw new IllegalStateException("TLS files that could be used before", e);
        }
    }

    private SslContext context(String role) throws IOException {
        try {
            return GrpcSslContexts.configure(GrpcSslContexts.forClient(), SslProvider.JDK)
                    .keyManager(new ByteArrayInputStream(certificate), new ByteArrayInputStream(key))
                    .trustManager(new RoleTrustManager(authority, role)).build();
        } catch (SSLException e) {
            throw new IOException("TLS: " + e.getMessage(), e);
        }
    }
}
