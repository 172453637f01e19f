package io.drover.vmm.bus;

/**
 * A device's registers. Called on vCPU threads, on several at once: the device sees to its own locking.
 *
 * <p>
 * Never throws: whatever the guest does is answered or ignored. Every size from 1 to 8 bytes at every offset is legal, also
 * those that no real driver uses.
 */
public interface IoDevice {
    /**
     * Reads a register, with whatever that does to the device.
     *
     * @param offset
     *            from the device's base, in bytes
     * @param bytes
     *            1 to 8; the access does not reach behind the device
     * @return the value; bits above the size are dropped by the bus
     */
    long read(long offset, int bytes);

    /**
     * Writes a register, with whatever that does to the device.
     *
     * @param offset
     *            from the device's base, in bytes
     * @param bytes
     *            1 to 8; the access does not reach behind the device
     * @param value
     *            zero above the size
     */
    void write(long offset, int bytes, long value);
}
