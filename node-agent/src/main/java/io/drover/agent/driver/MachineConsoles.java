package io.drover.agent.driver;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What a machine has beside its serial port.
 *
 * @param virtio whether a virtio console is shown, logged and typed into, and not the serial port
 * @param ports named channels, each a socket in the VM's run folder: at most 8, another name for each
 */
public record MachineConsoles(boolean virtio, List<String> ports) {
    /** The serial port alone. */
    public static final MachineConsoles NONE = new MachineConsoles(false, List.of());

    private static final int MAX_PORTS = 8;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    public MachineConsoles {
        ports = List.copyOf(ports);
        if (ports.size() > MAX_PORTS || ports.stream().distinct().count() < ports.size()
                || !ports.stream().allMatch(name -> NAME.matcher(name).matches())) {
            throw new IllegalArgumentException("consoles.ports : " + ports + " (expected: at most " + MAX_PORTS
                    + ", each another 1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit)");
        }
    }

    /** Whether there is anything but the serial port. */
    public boolean any() {
        return virtio || !ports.isEmpty();
    }

    /** The file name of a port's socket. */
    public static String socket(String port) {
        return "port-" + port;
    }
}
