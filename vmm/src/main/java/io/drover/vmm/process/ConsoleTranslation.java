package io.drover.vmm.process;

import io.drover.vmm.client.VmmConsole;
import io.drover.vmm.client.VmmPortStatus;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.machine.ConsoleSettings;
import io.drover.vmm.virtio.console.ConsoleDevice.NamedPort;
import io.drover.vmm.virtio.console.PortCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The virtio console device between the process's settings and status, and the machine's. */
final class ConsoleTranslation {
    private ConsoleTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static Optional<ConsoleSettings> of(VmmSettings settings) {
        if (settings.console().isEmpty()) {
            return Optional.empty();
        }
        List<NamedPort> ports = new ArrayList<>();
        for (VmmConsole.Port port : settings.console().get().ports()) {
            ports.add(new NamedPort(port.name(), port.socket()));
        }
        return Optional.of(new ConsoleSettings(settings.console().get().shown(), ports));
    }

    /** What is told of its ports. */
    static List<VmmPortStatus> status(List<PortCounts> ports) {
        List<VmmPortStatus> told = new ArrayList<>();
        for (PortCounts port : ports) {
            told.add(new VmmPortStatus(port.name(), port.connected(), port.guestOpen(), port.bytesIn(),
                    port.bytesOut()));
        }
        return told;
    }
}
