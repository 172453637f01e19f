package io.drover.agent.net;

import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.NameSyntax;
import io.drover.proto.agent.v1.StartVmRequest;
import java.net.Inet4Address;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A nic that a VM is to have, as a controller asks.
 *
 * @param name safe as part of the name of a file
 * @param mac like 52:54:00:12:34:56
 * @param mtuBytes 0: as suits the network
 * @param queuePairs 1 to 4, on a user network 1
 * @param receiveRate of what the guest receives
 */
public record NicOrder(String name, String mac, Network network, int mtuBytes, int queuePairs,
        MachineNic.Rate receiveRate, MachineNic.Rate sendRate) {
    private static final Pattern MAC = Pattern.compile("[0-9a-f][02468ace](:[0-9a-f]{2}){5}");
    private static final Pattern BRIDGE = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._-]{1,15}");
    private static final int MIN_MTU_BYTES = 68;
    private static final int MAX_MTU_BYTES = 65_535;
    private static final int MAX_QUEUE_PAIRS = 4;
    private static final int MAX_PORT = 65_535;

    /** What it is to be joined to. */
    public sealed interface Network {
        /** The VM alone behind this host's address. */
        record User(List<MachineNic.Forward> forwards) implements Network {
            public User {
                forwards = List.copyOf(forwards);
            }
        }

        /** A bridge of this host's. */
        record Bridge(String name) implements Network {
            /** Refuses, with an {@link IllegalArgumentException}, what no bridge that is offered can be called. */
            public Bridge {
                if (!isName(name)) {
                    throw new IllegalArgumentException(
                            "bridge : " + name + " (expected: 1 to 15 of A-Z, a-z, 0-9, '.', '_' and '-')");
                }
            }

            static boolean isName(String name) {
                return BRIDGE.matcher(name).matches();
            }
        }
    }

    public NicOrder {
        NameSyntax.check("nic name", name);
        if (!MAC.matcher(mac).matches()) {
            throw new IllegalArgumentException("mac of nic " + name + " : " + mac
                    + " (expected: of one station, like 52:54:00:12:34:56)");
        }
        Objects.requireNonNull(network);
        if (mtuBytes != 0 && (mtuBytes < MIN_MTU_BYTES || mtuBytes > MAX_MTU_BYTES)) {
            throw new IllegalArgumentException("mtu_bytes of nic " + name + " : " + mtuBytes + " (expected: 0, or "
                    + MIN_MTU_BYTES + " to " + MAX_MTU_BYTES + ")");
        }
        int most = network instanceof Network.User ? 1 : MAX_QUEUE_PAIRS;
        if (queuePairs < 1 || queuePairs > most) {
            throw new IllegalArgumentException(
                    "queue_pairs of nic " + name + " : " + queuePairs + " (expected: 1 to " + most + ")");
        }
    }

    /**
     * Reads a request.
     *
     * @throws IllegalArgumentException when there can be no such nic
     */
    public static NicOrder of(StartVmRequest.Nic nic) {
        Network network = switch (nic.getNetworkCase()) {
            case USER -> new Network.User(
                    nic.getUser().getForwardsList().stream().map(forward -> of(nic.getName(), forward)).toList());
            case BRIDGE -> new Network.Bridge(nic.getBridge().getBridge());
            case NETWORK_NOT_SET -> throw new IllegalArgumentException(
                    "network of nic " + nic.getName() + " : none that this agent knows (expected: user or bridge)");
        };
        return new NicOrder(nic.getName(), nic.getMac(), network, nic.getMtuBytes(), nic.getQueuePairs(),
                of(nic.getReceiveRate()), of(nic.getSendRate()));
    }

    private static MachineNic.Forward of(String nic, StartVmRequest.PortForward forward) {
        MachineNic.Protocol protocol = switch (forward.getProtocol()) {
            case TCP -> MachineNic.Protocol.TCP;
            case UDP -> MachineNic.Protocol.UDP;
            case PROTOCOL_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("protocol of nic " + nic
                    + " : " + forward.getProtocolValue() + " (expected: TCP or UDP)");
        };
        String address = forward.getHostAddress().isEmpty() ? ""
                : Inet4Address.ofLiteral(forward.getHostAddress()).getHostAddress();
        return new MachineNic.Forward(protocol, address, port(nic, forward.getHostPort()),
                port(nic, forward.getGuestPort()));
    }

    private static int port(String nic, int port) {
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("port of nic " + nic + " : " + port + " (expected: 1 to " + MAX_PORT
                    + ")");
        }
        return port;
    }

    private static MachineNic.Rate of(StartVmRequest.FrameRate rate) {
        return new MachineNic.Rate(rate.getBytesPerSecond(), rate.getFramesPerSecond());
    }
}
