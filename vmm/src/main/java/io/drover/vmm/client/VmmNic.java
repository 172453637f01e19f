package io.drover.vmm.client;

import io.drover.proto.vmm.v1.FrameRate;
import io.drover.proto.vmm.v1.NicConfig;
import io.drover.proto.vmm.v1.PortForward;
import io.drover.proto.vmm.v1.TapConfig;
import io.drover.proto.vmm.v1.UserNetworkConfig;
import java.io.IOException;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A network device of a VM. Values are checked by the VMM when it starts.
 *
 * @param id
 *            names it and its files; no other nic's of the VM
 * @param mac
 *            like 52:54:00:12:34:56
 * @param mtuBytes
 *            the most bytes in a frame behind its Ethernet header: 68 to 65535; 0: as suits the network
 * @param queuePairs
 *            1 to 4, on a user network 1; 0: 1
 * @param receiveRate
 *            of what the guest receives
 * @param sendRate
 *            of what the guest sends
 */
public record VmmNic(String id, String mac, Network network, int mtuBytes, int queuePairs, Rate receiveRate,
        Rate sendRate) {
    private static final String ALL_ADDRESSES = "0.0.0.0";

    /** What a nic is joined to. */
    public sealed interface Network {
        /** NAT that needs no rights on the host. */
        record User(List<Forward> forwards) implements Network {
            public User {
                forwards = List.copyOf(forwards);
            }
        }

        /** A tap device of the host's. */
        record Tap(String device) implements Network {
            public Tap {
                Objects.requireNonNull(device, "device");
            }
        }
    }

    /** Which kind of port. */
    public enum Protocol {
        TCP, UDP
    }

    /**
     * A port of the host through which a server in the guest is reached.
     *
     * @param hostAddress
     *            IPv4, to listen at; empty: all of the host's
     */
    public record Forward(Protocol protocol, String hostAddress, int hostPort, int guestPort) {
        public Forward {
            Objects.requireNonNull(protocol, "protocol");
            Objects.requireNonNull(hostAddress, "hostAddress");
        }

        /** As passt is told; refuses what is no forward with an {@link IllegalArgumentException} for the operator. */
        public io.drover.vmm.net.user.PortForward toPortForward() {
            String address = hostAddress.isEmpty() ? ALL_ADDRESSES : hostAddress;
            return new io.drover.vmm.net.user.PortForward(
                    protocol == Protocol.TCP ? io.drover.vmm.net.user.PortForward.Protocol.TCP
                            : io.drover.vmm.net.user.PortForward.Protocol.UDP,
                    Inet4Address.ofLiteral(address), hostPort, guestPort);
        }
    }

    /**
     * How fast frames go.
     *
     * @param bytesPerSecond
     *            0: as fast as they can
     * @param framesPerSecond
     *            0: as fast as they can
     */
    public record Rate(long bytesPerSecond, long framesPerSecond) {
        public static final Rate ANY = new Rate(0, 0);

        private static Rate of(FrameRate rate) {
            return new Rate(rate.getBytesPerSecond(), rate.getFramesPerSecond());
        }

        private FrameRate toProto() {
            return FrameRate.newBuilder().setBytesPerSecond(bytesPerSecond).setFramesPerSecond(framesPerSecond).build();
        }
    }

    public VmmNic {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(mac, "mac");
        Objects.requireNonNull(network, "network");
        Objects.requireNonNull(receiveRate, "receiveRate");
        Objects.requireNonNull(sendRate, "sendRate");
    }

    /** On a user network. */
    public static VmmNic user(String id, String mac, List<Forward> forwards) {
        return new VmmNic(id, mac, new Network.User(forwards), 0, 0, Rate.ANY, Rate.ANY);
    }

    /** On a tap device. */
    public static VmmNic tap(String id, String mac, String device, int queuePairs) {
        return new VmmNic(id, mac, new Network.Tap(device), 0, queuePairs, Rate.ANY, Rate.ANY);
    }

    /** Converts from the protocol. */
    public static VmmNic of(NicConfig config) throws IOException {
        Network network = switch (config.getNetworkCase()) {
            case USER -> {
                List<Forward> forwards = new ArrayList<>();
                for (PortForward forward : config.getUser().getForwardsList()) {
                    forwards.add(of(config.getId(), forward));
                }
                yield new Network.User(forwards);
            }
            case TAP -> new Network.Tap(config.getTap().getDevice());
            case NETWORK_NOT_SET -> throw new IOException(
                    "nic " + config.getId() + " network : none (expected: user or tap)");
        };
        return new VmmNic(config.getId(), config.getMac(), network, config.getMtuBytes(), config.getQueuePairs(),
                Rate.of(config.getReceiveRate()), Rate.of(config.getSendRate()));
    }

    private static Forward of(String nic, PortForward forward) throws IOException {
        Protocol protocol = switch (forward.getProtocol()) {
            case TCP -> Protocol.TCP;
            case UDP -> Protocol.UDP;
            case PROTOCOL_UNSPECIFIED, UNRECOGNIZED -> throw new IOException("nic " + nic
                    + " forward protocol : " + forward.getProtocolValue() + " (expected: TCP or UDP)");
        };
        return new Forward(protocol, forward.getHostAddress(), forward.getHostPort(), forward.getGuestPort());
    }

    NicConfig toProto() {
        NicConfig.Builder config = NicConfig.newBuilder().setId(id).setMac(mac).setMtuBytes(mtuBytes)
                .setQueuePairs(queuePairs).setReceiveRate(receiveRate.toProto()).setSendRate(sendRate.toProto());
        switch (network) {
            case Network.User(List<Forward> forwards) -> {
                UserNetworkConfig.Builder user = UserNetworkConfig.newBuilder();
                for (Forward forward : forwards) {
                    user.addForwards(PortForward.newBuilder()
                            .setProtocol(forward.protocol() == Protocol.TCP ? PortForward.Protocol.TCP
                                    : PortForward.Protocol.UDP)
                            .setHostAddress(forward.hostAddress()).setHostPort(forward.hostPort())
                            .setGuestPort(forward.guestPort()));
                }
                config.setUser(user);
            }
            case Network.Tap(String device) -> config.setTap(TapConfig.newBuilder().setDevice(device));
        }
        return config.build();
    }
}
