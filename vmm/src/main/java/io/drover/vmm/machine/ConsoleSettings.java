package io.drover.vmm.machine;

import io.drover.vmm.virtio.console.ConsoleDevice;
import io.drover.vmm.virtio.console.ConsoleDevice.NamedPort;
import java.util.List;

/**
 * What a virtio console device is to be.
 *
 * @param shown
 *            whether the guest has a console on it, which is shown and typed into from the guest's first use of it on; else the
 *            serial port is
 * @param ports
 *            named ports, at most {@link ConsoleDevice#MAX_NAMED_PORTS}, another name for each
 */
public record ConsoleSettings(boolean shown, List<NamedPort> ports) {
    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public ConsoleSettings {
        ports = List.copyOf(ports);
        if (ports.size() > ConsoleDevice.MAX_NAMED_PORTS
                || ports.stream().map(NamedPort::name).distinct().count() < ports.size()) {
            throw new IllegalArgumentException("console ports : " + ports.stream().map(NamedPort::name).toList()
                    + " (expected: at most " + ConsoleDevice.MAX_NAMED_PORTS + ", each with a name of its own)");
        }
    }
}
