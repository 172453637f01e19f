package io.drover.vmm.memory;

/**
 * A range of guest-physical addresses that is not, or not wholly, guest memory. Checked, because the range was most often
 * written by the guest: whoever touches guest memory must decide what a bad one means to its device.
 */
public final class GuestAddressException extends Exception {
    private static final long serialVersionUID = 1;

    private final long address;
    private final long length;

    GuestAddressException(long address, long length) {
        super("guest memory : " + Long.toUnsignedString(length) + " bytes at 0x" + Long.toHexString(address)
                + " (expected: a range within one region of RAM)");
        this.address = address;
        this.length = length;
    }

    /** The guest-physical address that was asked for, as an unsigned number. */
    public long address() {
        return address;
    }

    /** The number of bytes that were asked for; a negative one was refused as such. */
    public long length() {
        return length;
    }
}
