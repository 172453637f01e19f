package io.drover.agent.driver;

import java.util.List;
import java.util.Objects;

/**
 * A network device of a machine.
 *
 * @param mac like 52:54:00:12:34:56
 * @param mtuBytes 68 to 65535
 * @param queuePairs 1 to 4, on a user network 1
 * @param receiveRate of what the guest receives
 */
public record MachineNic(String name, String mac, Network network, int mtuBytes, int queuePairs, Rate receiveRate,
        Rate sendRate) {
    /** What it is joined to. */
    public sealed interface Network {
        /** The machine alone behind the host's address, by passt(1). */
        record User(List<Forward> forwards) implements Network {
            public User {
                forwards = List.copyOf(forwards);
            }
        }

        /** A tap device, there when the machine starts, with several queues if there are several pairs. */
        record Tap(String device) implements Network {
            public Tap {
                Objects.requireNonNull(device);
            }
        }
    }

    /** Which kind of port. */
    public enum Protocol {
        TCP, UDP
    }

    /**
     * A port of the host at which a server in the guest is reached.
     *
     * @param hostAddress IPv4; empty: all that the host has
     */
    public record Forward(Protocol protocol, String hostAddress, int hostPort, int guestPort) {
        public Forward {
            Objects.requireNonNull(protocol);
            Objects.requireNonNull(hostAddress);
        }

        /** Whether the host cannot have both. */
        public boolean excludes(Forward other) {
            return protocol == other.protocol && hostPort == other.hostPort && (hostAddress.equals(other.hostAddress)
                    || hostAddress.isEmpty() || other.hostAddress.isEmpty());
        }

        @Override
        public String toString() {
            return protocol + " port " + hostPort + (hostAddress.isEmpty() ? "" : " of " + hostAddress);
        }
    }

    /**
     * How fast frames may go.
     *
     * @param bytesPerSecond 0: as fast as they can
     * @param framesPerSecond 0: as fast as they can
     */
    public record Rate(long bytesPerSecond, long framesPerSecond) {
        public static final Rate ANY = new Rate(0, 0);
    }

    public MachineNic {
        Objects.requireNonNull(name);
        Objects.requireNonNull(mac);
        Objects.requireNonNull(network);
        Objects.requireNonNull(receiveRate);
        Objects.requireNonNull(sendRate);
    }

    /** What of the host's it is reached at. */
    public List<Forward> forwards() {
        return network instanceof Network.User(List<Forward> forwards) ? forwards : List.of();
    }
}
