package io.drover.controller.record;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A network device that a VM has.
 *
 * @param name another for each nic of a VM
 * @param givenMac as its user gave it; empty: it is made
 * @param mtuBytes 0: as suits the network
 * @param queuePairs at least 1
 * @param receiveRate of what the guest receives
 */
public record Nic(String name, Network network, Optional<MacAddress> givenMac, int mtuBytes, int queuePairs,
        FrameRate receiveRate, FrameRate sendRate) {
    /** What a nic is joined to. */
    public sealed interface Network {
        /** As hosts that have it say in their records. */
        String advertised();

        /** The VM alone behind its host's address. */
        record User(List<PortForward> forwards) implements Network {
            public User {
                forwards = List.copyOf(forwards);
            }

            @Override
            public String advertised() {
                return "user";
            }
        }

        /** A bridge of the host's. */
        record Bridge(String name) implements Network {
            public Bridge {
                Objects.requireNonNull(name);
            }

            @Override
            public String advertised() {
                return "bridge/" + name;
            }
        }
    }

    /**
     * A port of the host at which a server in the guest is reached.
     *
     * @param hostAddress IPv4; empty: all that the host has
     */
    public record PortForward(Protocol protocol, String hostAddress, int hostPort, int guestPort) {
        /** The protocols of drover.v1.PortForward, with its numbers. */
        public enum Protocol {
            TCP(1), UDP(2);

            private final int number;

            Protocol(int number) {
                this.number = number;
            }

            public int number() {
                return number;
            }

            public static Optional<Protocol> of(int number) {
                return List.of(values()).stream().filter(each -> each.number == number).findFirst();
            }
        }

        /** Whether no host could have both. */
        public boolean excludes(PortForward other) {
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
    public record FrameRate(long bytesPerSecond, long framesPerSecond) {
        public static final FrameRate ANY = new FrameRate(0, 0);

        public FrameRate {
            if (bytesPerSecond < 0 || framesPerSecond < 0) {
                throw new IllegalArgumentException("rate : " + bytesPerSecond + " bytes and " + framesPerSecond
                        + " frames a second (expected: at least 0)");
            }
        }
    }

    public Nic {
        IdSyntax.require("nic", name);
        Objects.requireNonNull(network);
        Objects.requireNonNull(givenMac);
        Objects.requireNonNull(receiveRate);
        Objects.requireNonNull(sendRate);
        if (mtuBytes < 0 || queuePairs < 1) {
            throw new IllegalArgumentException("nic " + name + " : MTU " + mtuBytes + ", " + queuePairs
                    + " pairs of queues (expected: at least 0, and at least 1)");
        }
    }

    /** The address that the guest of a VM with this uid sees. */
    public MacAddress mac(String uid) {
        return givenMac.orElseGet(() -> MacAddress.made(uid, name));
    }

    public boolean isLimited() {
        return !receiveRate.equals(FrameRate.ANY) || !sendRate.equals(FrameRate.ANY);
    }
}
