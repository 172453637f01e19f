package io.drover.vmm.interrupt;

/**
 * An interrupt that is a write of some data to some address, as MSI and MSI-X have it. One thread at a time routes it; any
 * thread raises it.
 */
public interface MessageInterrupt {
    /**
     * Sets what {@link #raise} writes. Whatever the guest has asked for is taken; a message that means nothing goes nowhere.
     *
     * @param address
     *            of a local APIC, if the guest is sane
     */
    void route(long address, int data);

    /** Interrupts the guest; does nothing before the first {@link #route}. Allocates nothing and does not block. */
    void raise();

    /** Gives it back: it is not used any more, and interrupts no more. */
    void release();
}
