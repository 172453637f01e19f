package io.drover.vmm.virtio.console;

import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a driver learns of the ports, and which are open (virtio 1.2, 5.3.6.2). What is to be said to it is remembered for each
 * port, so that a driver that asks and does not listen costs nothing. Owned by the I/O thread.
 */
final class ControlQueues {
    private static final int VIRTIO_CONSOLE_DEVICE_READY = 0;
    private static final int VIRTIO_CONSOLE_DEVICE_ADD = 1;
    private static final int VIRTIO_CONSOLE_PORT_READY = 3;
    private static final int VIRTIO_CONSOLE_CONSOLE_PORT = 4;
    private static final int VIRTIO_CONSOLE_PORT_OPEN = 6;
    private static final int VIRTIO_CONSOLE_PORT_NAME = 7;

    /** {@code struct virtio_console_control}: a port, an event, its value. */
    private static final int MESSAGE_BYTES = 8;
    private static final int EVENT = 4;
    private static final int VALUE = 6;

    private static final int OWES_ADD = 1;
    private static final int OWES_CONSOLE = 1 << 1;
    private static final int OWES_NAME = 1 << 2;
    static final int OWES_ANY = OWES_ADD | OWES_CONSOLE | OWES_NAME;

    /** Messages in one turn. */
    private static final int BATCH = 64;

    private final List<Port> ports;
    private final Virtqueue receive;
    private final Virtqueue transmit;
    private final DescriptorChain room;
    private final DescriptorChain message;

    /**
     * For one driver.
     *
     * @param ports
     *            by number; the first is shown only if it is a console
     */
    ControlQueues(List<Port> ports, Virtqueue receive, Virtqueue transmit) {
        this.ports = ports;
        this.receive = receive;
        this.transmit = transmit;
        this.room = receive.newChain();
        this.message = transmit.newChain();
    }

    /** Listens to the driver; true when there is more at once. */
    boolean take() throws QueueBreachException {
        transmit.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (!transmit.pop(message)) {
                transmit.publish();
                if (!transmit.heedKicks()) {
                    return false;
                }
                continue;
            }
            GuestBuffers bytes = message.readable();
            if (bytes.bytes() < MESSAGE_BYTES) {
                throw new QueueBreachException("queue " + transmit.number() + ": control message : " + bytes.bytes()
                        + " bytes (expected: at least " + MESSAGE_BYTES + ")");
            }
            int eventAndValue = bytes.read32(EVENT);
            hear(bytes.read32(0), eventAndValue & 0xFFFF, eventAndValue >>> 16);
            transmit.push(message.head(), 0);
        }
        transmit.publish();
        return true;
    }

    /** What makes no sense is nothing. */
    private void hear(int number, int event, int value) {
        if (event == VIRTIO_CONSOLE_DEVICE_READY) {
            for (Port port : ports) {
                if (value == 1 && (port.isConsole() || !port.name().isEmpty())) {
                    port.setOwed(port.owed() | OWES_ADD);
                }
            }
            return;
        }
        if (number < 0 || number >= ports.size()) {
            return;
        }
        Port port = ports.get(number);
        if (event == VIRTIO_CONSOLE_PORT_READY) {
            port.setReady(value == 1);
            if (value == 1) {
                port.setOwed(port.owed() | (port.isConsole() ? OWES_CONSOLE : 0)
                        | (port.name().isEmpty() ? 0 : OWES_NAME));
            }
        } else if (event == VIRTIO_CONSOLE_PORT_OPEN) {
            port.setGuestOpen(value == 1);
        }
    }

    /** Says what is to be said, as far as there is room, for which a kick comes; true when there was something. */
    boolean give() throws QueueBreachException {
        boolean said = false;
        for (Port port : ports) {
            while (isOwed(port)) {
                if (!receive.pop(room)) {
                    receive.publish();
                    if (!receive.heedKicks()) {
                        return said;
                    }
                    continue;
                }
                say(port);
                said = true;
            }
        }
        receive.publish();
        return said;
    }

    private boolean isOwed(Port port) {
        return port.owed() != 0 || (port.isReady() && port.isHostOpen() != port.end().isOpen());
    }

    private void say(Port port) throws QueueBreachException {
        int number = port.number();
        if ((port.owed() & OWES_ADD) != 0) {
            port.setOwed(port.owed() & ~OWES_ADD);
            say(number, VIRTIO_CONSOLE_DEVICE_ADD, 1, "");
        } else if ((port.owed() & OWES_CONSOLE) != 0) {
            port.setOwed(port.owed() & ~OWES_CONSOLE);
            say(number, VIRTIO_CONSOLE_CONSOLE_PORT, 1, "");
        } else if ((port.owed() & OWES_NAME) != 0) {
            port.setOwed(port.owed() & ~OWES_NAME);
            say(number, VIRTIO_CONSOLE_PORT_NAME, 1, port.name());
        } else {
            port.setHostOpen(port.end().isOpen());
            say(number, VIRTIO_CONSOLE_PORT_OPEN, port.isHostOpen() ? 1 : 0, "");
        }
    }

    private void say(int number, int event, int value, String name) throws QueueBreachException {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = new byte[MESSAGE_BYTES + text.length];
        bytes[0] = (byte) number;
        bytes[EVENT] = (byte) event;
        bytes[VALUE] = (byte) value;
        System.arraycopy(text, 0, bytes, MESSAGE_BYTES, text.length);
        if (room.writable().bytes() < bytes.length) {
            throw new QueueBreachException("queue " + receive.number() + ": control buffer : "
                    + room.writable().bytes() + " bytes (expected: room for a message of " + bytes.length + ")");
        }
        room.writable().copyIn(0, bytes);
        receive.push(room.head(), bytes.length);
    }
}
