package io.drover.vmm.console;

/**
 * Which of a machine's two consoles is shown and typed into. It begins as the serial port; a virtio console that is wanted
 * takes over with the first byte that the guest prints on it, so that what a kernel says before it knows the device, or instead
 * of it, is seen. Safe for use by several threads.
 */
public final class ShownConsole {
    private final ConsoleRing ring;
    private final ConsoleInput input;
    private volatile ConsoleInput.Sink serial = (data, from, count) -> 0;
    private volatile ConsoleInput.Sink virtio = (data, from, count) -> 0;
    private volatile boolean handedOver;

    /**
     * Shows the serial port.
     *
     * @param ring
     *            gets what is shown
     * @param input
     *            what is typed, connected to this
     */
    public ShownConsole(ConsoleRing ring, ConsoleInput input) {
        this.ring = ring;
        this.input = input;
        input.connect(this::offer);
    }

    /** Names what takes what is typed at the serial port. Before the guest runs. */
    public void connectSerial(ConsoleInput.Sink port) {
        serial = port;
    }

    /** Names what takes what is typed at the virtio console. Before the guest runs. */
    public void connectVirtio(ConsoleInput.Sink port) {
        virtio = port;
    }

    /** The guest prints a byte on the serial port. Allocates nothing. */
    public void serialPrints(int octet) {
        if (!handedOver) {
            ring.append((byte) octet);
        }
    }

    /** The guest prints a byte on the virtio console, which is shown from now on. Allocates nothing. */
    public void virtioPrints(int octet) {
        if (!handedOver) {
            handedOver = true;
            input.room();
        }
        ring.append((byte) octet);
    }

    /** Whether the virtio console is shown. */
    public boolean isHandedOver() {
        return handedOver;
    }

    /** As in the machine that this one goes on from. Before the guest runs. */
    public void setHandedOver(boolean shown) {
        handedOver = shown;
    }

    /** Whichever is shown has room for what is typed. */
    public void room() {
        input.room();
    }

    private int offer(byte[] data, int from, int length) {
        return (handedOver ? virtio : serial).offer(data, from, length);
    }
}
