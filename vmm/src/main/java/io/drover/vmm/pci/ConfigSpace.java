package io.drover.vmm.pci;

/**
 * 256 bytes with a type 0 header (PCI 3.0, 6.1) and which of their bits a guest can write. Means nothing by itself: who owns it
 * looks at it after each write, and sees to locking.
 */
final class ConfigSpace {
    static final int VENDOR = 0x00;
    static final int DEVICE = 0x02;
    static final int COMMAND = 0x04;
    static final int STATUS = 0x06;
    static final int REVISION = 0x08;
    /** Three bytes: interface, subclass, class; this is where the last two are. */
    static final int CLASS = 0x0A;
    static final int BAR_0 = 0x10;
    static final int SUBSYSTEM_VENDOR = 0x2C;
    static final int SUBSYSTEM = 0x2E;
    static final int INTERRUPT_LINE = 0x3C;
    static final int INTERRUPT_PIN = 0x3D;

    static final int COMMAND_MEMORY = 1 << 1;
    static final int COMMAND_BUS_MASTER = 1 << 2;
    static final int COMMAND_PARITY = 1 << 6;
    static final int COMMAND_SERR = 1 << 8;
    static final int COMMAND_INTERRUPT_OFF = 1 << 10;
    static final int STATUS_INTERRUPT = 1 << 3;
    static final int STATUS_CAPABILITIES = 1 << 4;

    private static final int CAPABILITIES = 0x34;
    private static final int HEADER_BYTES = 0x40;

    private final byte[] values = new byte[PciFunction.CONFIG_BYTES];
    private final byte[] writable = new byte[PciFunction.CONFIG_BYTES];
    private int capabilitiesEnd = HEADER_BYTES;
    /** Where the address of the next capability goes. */
    private int link = CAPABILITIES;

    void put8(int offset, int value) {
        values[offset] = (byte) value;
    }

    void put16(int offset, int value) {
        put8(offset, value);
        put8(offset + 1, value >>> 8);
    }

    void put32(int offset, int value) {
        put16(offset, value);
        put16(offset + 2, value >>> 16);
    }

    /** Lets the guest write these bits of four bytes. */
    void allow32(int offset, int bits) {
        for (int i = 0; i < Integer.BYTES; i++) {
            writable[offset + i] = (byte) (bits >>> (8 * i));
        }
    }

    /**
     * Appends a capability (PCI 3.0, 6.7).
     *
     * @param body
     *            what follows the id and the link
     * @return where the capability begins
     */
    int addCapability(int id, byte[] body) {
        int at = capabilitiesEnd;
        int end = at + 2 + body.length;
        if (end > PciFunction.CONFIG_BYTES) {
            throw new IllegalArgumentException("capability " + id + " : ends at " + end + " (expected: at most "
                    + PciFunction.CONFIG_BYTES + ")");
        }
        put8(link, at);
        put8(at, id);
        link = at + 1;
        System.arraycopy(body, 0, values, at + 2, body.length);
        capabilitiesEnd = (end + 3) & -4;
        put16(STATUS, STATUS_CAPABILITIES);
        return at;
    }

    /** A copy. */
    byte[] toArray() {
        return values.clone();
    }

    /**
     * Takes over what a guest has written into another.
     *
     * @return the offset of the first byte in which something differs that no guest can write, or -1: then it was taken over
     */
    int load(byte[] saved) {
        for (int i = 0; i < values.length; i++) {
            if (((saved[i] ^ values[i]) & ~writable[i]) != 0) {
                return i;
            }
        }
        System.arraycopy(saved, 0, values, 0, values.length);
        return -1;
    }

    long read(int offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (values[offset + i] & 0xFFL) << (8 * i);
        }
        return value;
    }

    void write(int offset, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            int mask = writable[offset + i];
            values[offset + i] = (byte) ((values[offset + i] & ~mask) | ((int) (value >>> (8 * i)) & mask));
        }
    }
}
