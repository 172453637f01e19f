package io.drover.vmm.pci;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Bus 0 with its host bridge in slot 0, and at most one function in each other slot. Read by vCPU threads while functions come
 * and go.
 */
public final class PciBus {
    static final int SLOTS = 32;
    /** Of a function's number, which is slot << 3 | function. */
    private static final int FUNCTION_BITS = 3;

    private final AtomicReferenceArray<PciFunction> slots = new AtomicReferenceArray<>(SLOTS);

    /** With nothing but the host bridge. */
    public PciBus() {
        slots.set(0, new HostBridge());
    }

    /**
     * Puts a function into a slot as its function 0, at once.
     *
     * @param slot
     *            1 to 31, with nothing in it
     */
    void put(int slot, PciFunction function) {
        if (!slots.compareAndSet(slot, null, function)) {
            throw new IllegalStateException("PCI slot " + slot + " : taken (expected: one that is free)");
        }
    }

    /** Takes what is in a slot away; a vCPU that is in it just then ends its access as it began. */
    void remove(int slot) {
        slots.set(slot, null);
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
        PciFunction function = at(number, offset);
        return function == null ? -1 : function.readConfig(offset, bytes);
    }

    /** As {@link #readConfig}; ignored where nothing is. */
    void writeConfig(int number, int offset, int bytes, long value) {
        PciFunction function = at(number, offset);
        if (function != null) {
            function.writeConfig(offset, bytes, value);
        }
    }

    /** Null where nothing is: this is on the way of every access, which allocates nothing. */
    private PciFunction at(int number, int offset) {
        boolean first = (number & ((1 << FUNCTION_BITS) - 1)) == 0;
        return first && number >>> FUNCTION_BITS < SLOTS && offset < PciFunction.CONFIG_BYTES
                ? slots.get(number >>> FUNCTION_BITS)
                : null;
    }
}
