package io.drover.controller.agent;

import io.drover.controller.record.HostId;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import java.util.concurrent.TimeUnit;

/** How an agent is reached: in the clear on one machine, by mutual TLS between machines. */
public interface AgentChannels {
    /**
     * A channel to the agent of a host.
     *
     * @param address host:port as its session says. The channel connects when it is used; the caller shuts it down
     */
    ManagedChannel open(HostId host, String address);

    /** Without TLS. */
    static AgentChannels plain() {
        return (host, address) -> tuned(NettyChannelBuilder.forTarget(target(address)).usePlaintext()).build();
    }

    /** What all channels have: a peer that vanished without a word is noticed within half a minute. */
    static NettyChannelBuilder tuned(NettyChannelBuilder builder) {
        return builder.keepAliveTime(20, TimeUnit.SECONDS).keepAliveTimeout(10, TimeUnit.SECONDS)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, 5_000).maxInboundMessageSize(16 << 20);
    }

    static String target(String address) {
        return "dns:///" + address;
    }
}
