package io.drover.vmm.serial;

/** Where a serial port's output goes. */
@FunctionalInterface
public interface SerialOutput {
    /**
     * Takes one byte that the guest has sent. Called on a vCPU thread and under the port's lock, which keeps the order of several
     * vCPUs: it must buffer rather than wait, and never call back into the port.
     *
     * @param value
     *            0 to 255
     */
    void accept(int value);
}
