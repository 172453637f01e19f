package io.drover.vmm.net.user;

import java.net.Inet4Address;
import java.util.Objects;

/**
 * A port of the host through which a server in the guest is reached.
 *
 * @param address
 *            of the host to listen at; 0.0.0.0: all of them
 * @param hostPort
 *            1 to 65535
 * @param guestPort
 *            1 to 65535
 */
public record PortForward(Protocol protocol, Inet4Address address, int hostPort, int guestPort) {
    private static final int MAX_PORT = 65_535;

    /** What is forwarded. */
    public enum Protocol {
        TCP, UDP
    }

    public PortForward {
        Objects.requireNonNull(protocol, "protocol");
        Objects.requireNonNull(address, "address");
        check("host port", hostPort);
        check("guest port", guestPort);
    }

    private static void check(String what, int port) {
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException(what + " : " + port + " (expected: 1 to " + MAX_PORT + ")");
        }
    }
}
