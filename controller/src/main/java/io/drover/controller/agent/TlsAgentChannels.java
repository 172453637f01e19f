package io.drover.controller.agent;

import io.drover.controller.record.HostId;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.net.ssl.SSLException;

/** Mutual TLS; the agent's certificate must be for the role {@code drover://agent/<host>} of the host that is meant. */
public final class TlsAgentChannels implements AgentChannels {
    private final TlsFolder tls;

    public TlsAgentChannels(TlsFolder tls) {
        this.tls = tls;
    }

    @Override
    public ManagedChannel open(HostId host, String address) {
        // The certificate names the host's role, not an address, which may change: the trust manager checks that instead.
        return AgentChannels
                .tuned(NettyChannelBuilder.forTarget(AgentChannels.target(address)).sslContext(context(host)))
                .overrideAuthority(host.value() + ".agent.drover").build();
    }

    private SslContext context(HostId host) {
        try {
            return GrpcSslContexts.configure(GrpcSslContexts.forClient(), SslProvider.JDK)
                    .keyManager(tls.certificate().toFile(), tls.key().toFile())
                    .trustManager(new RoleTrustManager(tls.authority(), "drover://agent/" + host.value()))
                    .endpointIdentificationAlgorithm("").build();
        } catch (SSLException e) {
            throw new UncheckedIOException("TLS files in " + tls.folder(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("TLS files in " + tls.folder(), e);
        }
    }
}
