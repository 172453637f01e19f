package io.drover.vmm.bus;

import io.drover.vmm.linux.EventFile;

/**
 * Writes to memory-mapped addresses that ring an event instead of coming to a device, so that no vCPU leaves the guest for them.
 * Only ever a short cut: the device at the address must ring the event as well when a write comes to it after all. Safe for use
 * by several threads.
 */
public interface Doorbells {
    /**
     * From now on a write of any size to exactly this address rings the event.
     *
     * @return false when that cannot be had, as the address is taken or there are too many: writes come to the device
     */
    boolean add(long address, EventFile event);

    /** Ends what {@link #add} with the same arguments began. */
    void remove(long address, EventFile event);
}
