package io.drover.vmm.pci;

/**
 * Bus 0 with its host bridge in slot 0. Functions are plugged in before the first vCPU runs; from then on the bus is only read.
 */
public final class PciBus {
    private static final int SLOTS = 32;
    /** Of a function's number, which is slot << 3 | function. */
    private static final int FUNCTION_BITS = 3;

    private final PciFunction[] slots = new PciFunction[SLOTS];
    private int next = 1;

    /** With nothing but the host bridge. */
    public PciBus() {
        slots[0] = new HostBridge();
    }

    /** Slots that are still free. */
    public int free() {
        return SLOTS - next;
    }

    /** The slot that the next function will get: 1 to 31. */
    public int nextSlot() {
        return next;
    }

    /** Plugs a function in as function 0 of the next slot. */
    public void add(PciFunction function) {
        if (next == SLOTS) {
            throw new IllegalStateException("PCI bus : " + SLOTS + " slots (expected: one that is free)");
        }
        slots[next] = function;
        next++;
    }

    /**
     * Reads configuration space; all ones where nothing is.
     *
     * @param number
     *            slot << 3 | function; anything
     * @param offset
     *            0 to 4095
     * @param bytes
     *            1 to 4, within one aligned word of four
     */
    long readConfig(int number, int offset, int bytes) {
        return isThere(number, offset) ? slots[number >> FUNCTION_BITS].readConfig(offset, bytes) : -1;
    }

    /** As {@link #readConfig}; ignored where nothing is. */
    void writeConfig(int number, int offset, int bytes, long value) {
        if (isThere(number, offset)) {
            slots[number >> FUNCTION_BITS].writeConfig(offset, bytes, value);
        }
    }

    private boolean isThere(int number, int offset) {
        return (number & ((1 << FUNCTION_BITS) - 1)) == 0 && number >>> FUNCTION_BITS < next
                && offset < PciFunction.CONFIG_BYTES;
    }
}
