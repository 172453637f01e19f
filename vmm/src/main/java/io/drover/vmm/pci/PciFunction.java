package io.drover.vmm.pci;

/**
 * The configuration space of a function. Called on vCPU threads, on several at once. Never throws, whatever is written.
 */
public interface PciFunction {
    /** Bytes that every function has; the extended space behind them none has. */
    int CONFIG_BYTES = 256;

    /**
     * Reads some bytes.
     *
     * @param offset
     *            0 to 255
     * @param bytes
     *            1 to 4, within one aligned word of four
     * @return little endian, zero-extended
     */
    long readConfig(int offset, int bytes);

    /**
     * Writes some bytes; those that cannot be written stay.
     *
     * @param offset
     *            0 to 255
     * @param bytes
     *            1 to 4, within one aligned word of four
     */
    void writeConfig(int offset, int bytes, long value);
}
