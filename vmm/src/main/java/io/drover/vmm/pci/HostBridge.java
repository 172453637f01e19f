package io.drover.vmm.pci;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The configuration space of the bridge between CPUs and bus 0, device 0 function 0: all of it read-only. */
final class HostBridge {
    private static final int CONFIG_BYTES = 256;
    /** QEMU's generic host bridge (pci.ids): one that no kernel knows quirks of. */
    private static final int VENDOR_RED_HAT = 0x1B36;
    private static final int DEVICE_HOST_BRIDGE = 0x0008;
    private static final int CLASS_HOST_BRIDGE = 0x0600;

    private final ByteBuffer config = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    HostBridge() {
        config.putShort(0x00, (short) VENDOR_RED_HAT).putShort(0x02, (short) DEVICE_HOST_BRIDGE);
        config.putShort(0x0A, (short) CLASS_HOST_BRIDGE);
    }

    /**
     * Reads some bytes.
     *
     * @param offset
     *            0 to 255
     * @param bytes
     *            1 to 4, within the configuration space
     */
    long read(int offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (config.get(offset + i) & 0xFFL) << (8 * i);
        }
        return value;
    }
}
