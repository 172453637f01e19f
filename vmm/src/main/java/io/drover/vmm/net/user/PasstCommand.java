package io.drover.vmm.net.user;

import java.util.ArrayList;
import java.util.List;

/**
 * How passt(1) is started. The guest gets an address of its own, behind the host's: so it reaches the host and what is beyond it
 * as from any other machine, but nothing that listens on the host's loopback alone.
 */
public final class PasstCommand {
    /** Looked up in the PATH. */
    public static final String PROGRAM = "passt";

    private static final String GUEST_ADDRESS = "10.0.2.15";
    private static final String PREFIX_LENGTH = "24";
    private static final String GATEWAY = "10.0.2.2";
    private static final String RESOLVER = "10.0.2.3";

    private PasstCommand() {}

    /**
     * Its arguments when it is to stay in the foreground, the program first.
     *
     * @param socket
     *            where it listens for the one that it serves; relative to its folder, which it cannot name by a path through
     *            folders of another user
     * @param mtuBytes
     *            that it tells the guest by DHCP
     */
    static List<String> of(String program, String socket, int mtuBytes, List<PortForward> forwards) {
        List<String> arguments = new ArrayList<>(List.of(program, "--foreground"));
        arguments.addAll(options(socket, mtuBytes, forwards));
        return arguments;
    }

    /** What follows the program, which goes into the background when it listens. */
    public static List<String> options(String socket, int mtuBytes, List<PortForward> forwards) {
        // One client, with which it ends: so that it outlives neither the VM nor its connection.
        List<String> arguments = new ArrayList<>(List.of("--quiet", "--one-off", "--socket", socket, "--ipv4-only",
                "--address", GUEST_ADDRESS, "--netmask", PREFIX_LENGTH, "--gateway", GATEWAY,
                "--no-map-gw", "--dns-forward", RESOLVER, "--mtu", Integer.toString(mtuBytes)));
        for (PortForward forward : forwards) {
            arguments.add(forward.protocol() == PortForward.Protocol.TCP ? "--tcp-ports" : "--udp-ports");
            arguments.add(forward.address().getHostAddress() + "/" + forward.hostPort() + ":" + forward.guestPort());
        }
        return arguments;
    }
}
