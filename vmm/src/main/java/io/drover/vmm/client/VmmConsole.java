package io.drover.vmm.client;

import io.drover.proto.vmm.v1.ConsoleConfig;
import io.drover.proto.vmm.v1.ConsolePortConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A guest's virtio console device.
 *
 * @param shown
 *            whether the guest has a console on it, which is shown and typed into from the guest's first use of it on; else the
 *            serial port is
 * @param ports
 *            at most 8, another name for each
 */
public record VmmConsole(boolean shown, List<Port> ports) {
    public VmmConsole {
        ports = List.copyOf(ports);
    }

    /**
     * {@code /dev/virtio-ports/<name>} in the guest.
     *
     * @param name
     *            1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit
     * @param socket
     *            made by the VMM, at most 107 bytes long; serves one client at a time
     */
    public record Port(String name, Path socket) {
        public Port {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(socket, "socket");
        }
    }

    static VmmConsole of(ConsoleConfig config) {
        List<Port> ports = new ArrayList<>();
        for (ConsolePortConfig port : config.getPortsList()) {
            ports.add(new Port(port.getName(), Path.of(port.getSocketPath())));
        }
        return new VmmConsole(config.getShown(), ports);
    }

    ConsoleConfig toProto() {
        ConsoleConfig.Builder config = ConsoleConfig.newBuilder().setShown(shown);
        for (Port port : ports) {
            config.addPorts(
                    ConsolePortConfig.newBuilder().setName(port.name()).setSocketPath(port.socket().toString()));
        }
        return config.build();
    }
}
