package io.drover.controller.store;

import io.drover.controller.record.MacAddress;
import io.drover.controller.record.Nic;
import io.drover.proto.state.v1.VmSpec;
import java.util.Optional;

/** Nics as they are in ZooKeeper. */
final class NicCodec {
    private NicCodec() {}

    static VmSpec.Nic encode(Nic nic) {
        VmSpec.Nic.Builder stored = VmSpec.Nic.newBuilder().setName(nic.name())
                .setMac(nic.givenMac().map(MacAddress::bits).orElse(0L)).setMtuBytes(nic.mtuBytes())
                .setQueuePairs(nic.queuePairs());
        switch (nic.network()) {
            case Nic.Network.User user -> stored.setUser(VmSpec.UserNetwork.newBuilder()
                    .addAllForwards(user.forwards().stream().map(NicCodec::encode).toList()));
            case Nic.Network.Bridge bridge -> stored.setBridge(bridge.name());
        }
        if (!nic.receiveRate().equals(Nic.FrameRate.ANY)) {
            stored.setReceiveRate(encode(nic.receiveRate()));
        }
        if (!nic.sendRate().equals(Nic.FrameRate.ANY)) {
            stored.setSendRate(encode(nic.sendRate()));
        }
        return stored.build();
    }

    private static VmSpec.PortForward encode(Nic.PortForward forward) {
        return VmSpec.PortForward.newBuilder().setProtocol(forward.protocol().number())
                .setHostAddress(forward.hostAddress()).setHostPort(forward.hostPort())
                .setGuestPort(forward.guestPort()).build();
    }

    private static VmSpec.FrameRate encode(Nic.FrameRate rate) {
        return VmSpec.FrameRate.newBuilder().setBytesPerSecond(rate.bytesPerSecond())
                .setFramesPerSecond(rate.framesPerSecond()).build();
    }

    /** Refuses what is no nic with an {@link IllegalArgumentException}. */
    static Nic decode(VmSpec.Nic stored) {
        Nic.Network network = switch (stored.getNetworkCase()) {
            case USER -> new Nic.Network.User(
                    stored.getUser().getForwardsList().stream().map(NicCodec::decode).toList());
            case BRIDGE -> new Nic.Network.Bridge(stored.getBridge());
            case NETWORK_NOT_SET -> throw new IllegalArgumentException(
                    "network of nic " + stored.getName() + " : none (expected: user or a bridge)");
        };
        Optional<MacAddress> mac = stored.getMac() == 0 ? Optional.empty()
                : Optional.of(new MacAddress(stored.getMac()));
        return new Nic(stored.getName(), network, mac, stored.getMtuBytes(), stored.getQueuePairs(),
                decode(stored.getReceiveRate()), decode(stored.getSendRate()));
    }

    private static Nic.PortForward decode(VmSpec.PortForward stored) {
        Nic.PortForward.Protocol protocol = Nic.PortForward.Protocol.of(stored.getProtocol()).orElseThrow(
                () -> new IllegalArgumentException("protocol : " + stored.getProtocol() + " (expected: 1 or 2)"));
        return new Nic.PortForward(protocol, stored.getHostAddress(), stored.getHostPort(), stored.getGuestPort());
    }

    private static Nic.FrameRate decode(VmSpec.FrameRate stored) {
        return new Nic.FrameRate(stored.getBytesPerSecond(), stored.getFramesPerSecond());
    }
}
