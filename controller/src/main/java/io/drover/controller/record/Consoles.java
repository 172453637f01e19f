package io.drover.controller.record;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What a VM has beside its serial port.
 *
 * @param virtio whether a virtio console is shown, and not the serial port
 * @param ports named channels, at most {@link #MAX_PORTS}, another name for each
 */
public record Consoles(boolean virtio, List<String> ports) {
    public static final int MAX_PORTS = 8;
    /** The serial port alone. */
    public static final Consoles NONE = new Consoles(false, List.of());

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final String LINUX_CONSOLE = "console=hvc0";

    public Consoles {
        ports = List.copyOf(ports);
        if (!ports.stream().allMatch(Consoles::isName) || ports.size() > MAX_PORTS) {
            throw new IllegalArgumentException("ports : " + ports + " (expected: at most " + MAX_PORTS + " names)");
        }
    }

    /** Whether a port can be called so. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Whether there is anything but the serial port. */
    public boolean any() {
        return virtio || !ports.isEmpty();
    }

    /** The image's command line, and behind it what makes a Linux guest use what is shown. */
    public String commandLine(String ofImage) {
        return virtio ? (ofImage + " " + LINUX_CONSOLE).strip() : ofImage;
    }
}
