package io.drover.vmm.virtio.console;

import io.drover.proto.vmm.v1.SavedConsole;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** A console and named ports (virtio 1.2, 5.3). */
public final class ConsoleDevice implements VirtioDevice {
    /** The most named ports. */
    public static final int MAX_NAMED_PORTS = 8;
    /** The most descriptors of each queue. */
    static final int QUEUE_SIZE = 64;

    private static final int DEVICE_TYPE = 3;
    /** A communication controller, of another kind. */
    private static final int PCI_CLASS = 0x07_8000;
    /** VIRTIO_CONSOLE_F_MULTIPORT. */
    private static final long MULTIPORT = 1 << 1;
    /** VIRTIO_CONSOLE_F_EMERG_WRITE. */
    private static final long EMERG_WRITE = 1 << 2;
    /** Of the configuration (5.3.4), behind columns and rows. */
    private static final int MAX_PORTS = 4;
    private static final int EMERGENCY = 8;
    private static final int CONTROL_QUEUE = 2;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private final String name;
    private final Terminal terminal;
    private final List<Port> ports;

    private ConsoleDevice(String name, Terminal terminal, List<Port> ports) {
        this.name = name;
        this.terminal = terminal;
        this.ports = List.copyOf(ports);
    }

    /** Where a port is on the host. */
    public record NamedPort(String name, Path socket) {
        /** Refuses what no port can be called, with an {@link IllegalArgumentException} for the operator. */
        public NamedPort {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("console port : '" + name
                        + "' (expected: 1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit)");
            }
        }
    }

    /**
     * A device whose sockets listen from now on. Clients wait until the guest knows the port.
     *
     * @param name
     *            of its threads
     * @param terminal
     *            at the end of port 0; closed with the device
     * @param console
     *            whether a guest shall have port 0 as a console; a driver that knows of one port only has it anyway
     * @param named
     *            at most {@link #MAX_NAMED_PORTS}, by number from 1
     * @throws IOException
     *             when a socket cannot be made, or another process listens on it; the terminal is closed then
     */
    public static ConsoleDevice listen(String name, Terminal terminal, boolean console, List<NamedPort> named)
            throws IOException {
        List<Port> ports = new ArrayList<>();
        ports.add(new Port(0, "", console, terminal));
        boolean complete = false;
        try {
            for (NamedPort port : named) {
                ports.add(new Port(ports.size(), port.name(), false, PortSocket.listen(port.socket())));
            }
            complete = true;
        } finally {
            if (!complete) {
                for (Port port : ports) {
                    port.end().close();
                }
            }
        }
        return new ConsoleDevice(name, terminal, ports);
    }

    /** What each port has done so far; the console, if it is one, comes first. Any thread. */
    public List<PortCounts> counts() {
        List<PortCounts> counts = new ArrayList<>();
        for (Port port : ports) {
            if (port.isConsole() || port.number() > 0) {
                counts.add(port.counts());
            }
        }
        return counts;
    }

    @Override
    public int deviceType() {
        return DEVICE_TYPE;
    }

    @Override
    public int pciClass() {
        return PCI_CLASS;
    }

    @Override
    public long features() {
        return MULTIPORT | EMERG_WRITE;
    }

    @Override
    public int queues() {
        return 2 * (ports.size() + 1);
    }

    @Override
    public int maxQueueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return offset >= MAX_PORTS && offset < EMERGENCY ? (long) ports.size() >>> (8 * (offset - MAX_PORTS)) : 0;
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        // For a guest that has no queues, as one that panics (5.3.5.2).
        if (offset == EMERGENCY) {
            terminal.print((int) value);
        }
    }

    @Override
    public void activate(Activation activation) throws IOException {
        boolean several = (activation.features() & MULTIPORT) != 0;
        Map<Integer, Virtqueue> enabled = new LinkedHashMap<>();
        for (int number = 0; number < (several ? queues() : CONTROL_QUEUE); number++) {
            Optional<Virtqueue> queue = activation.queue(number);
            if (queue.isPresent()) {
                enabled.put(number, queue.get());
            }
        }
        List<Port> used = several ? ports : ports.subList(0, 1);
        List<PortQueues> queues = new ArrayList<>();
        for (Port port : used) {
            int first = port.number() == 0 ? 0 : CONTROL_QUEUE + 2 * port.number();
            if (enabled.containsKey(first) && enabled.containsKey(first + 1)) {
                queues.add(new PortQueues(port, enabled.get(first), enabled.get(first + 1)));
            }
        }
        Optional<ControlQueues> control = several && enabled.containsKey(CONTROL_QUEUE)
                && enabled.containsKey(CONTROL_QUEUE + 1)
                        ? Optional
                                .of(new ControlQueues(used, enabled.get(CONTROL_QUEUE), enabled.get(CONTROL_QUEUE + 1)))
                        : Optional.empty();
        PortsHandler handler = new PortsHandler(used, queues, control, EventFile.create(name + " again"));
        handler.begin(activation.addThread("ports", handler, List.copyOf(enabled.values())));
    }

    @Override
    public void save(SavedVirtio.Builder into) {
        SavedConsole.Builder saved = SavedConsole.newBuilder().setVersion(SavedStates.VERSION);
        for (Port port : ports) {
            saved.addPorts(port.save());
        }
        into.setConsole(saved);
    }

    /** Who was connected on the host is not any more, and the guest is told. */
    @Override
    public void load(SavedVirtio saved) throws SavedStateException {
        SavedStates.require(saved.hasConsole(), name);
        SavedStates.inRange("ports of " + name, saved.getConsole().getPortsCount(), ports.size(), ports.size());
        for (Port port : ports) {
            port.load(saved.getConsole().getPorts(port.number()));
        }
    }

    @Override
    public void reset() {
        for (Port port : ports) {
            port.reset();
        }
    }

    @Override
    public void close() {
        for (Port port : ports) {
            port.end().close();
        }
    }
}
