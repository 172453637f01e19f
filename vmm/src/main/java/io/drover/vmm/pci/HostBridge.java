package io.drover.vmm.pci;

/** The bridge between CPUs and bus 0, device 0 function 0: all of it read-only. */
final class HostBridge implements PciFunction {
    /** QEMU's generic host bridge (pci.ids): one that no kernel knows quirks of. */
    private static final int VENDOR_RED_HAT = 0x1B36;
    private static final int DEVICE_HOST_BRIDGE = 0x0008;
    private static final int CLASS_HOST_BRIDGE = 0x0600;

    private final ConfigSpace config = new ConfigSpace();

    HostBridge() {
        config.put16(ConfigSpace.VENDOR, VENDOR_RED_HAT);
        config.put16(ConfigSpace.DEVICE, DEVICE_HOST_BRIDGE);
        config.put16(ConfigSpace.CLASS, CLASS_HOST_BRIDGE);
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return config.read(offset, bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, long value) {
        // Nothing here can be written.
    }
}
