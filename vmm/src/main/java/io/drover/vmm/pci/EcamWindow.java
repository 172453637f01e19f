package io.drover.vmm.pci;

import io.drover.vmm.bus.IoDevice;

/**
 * Configuration space as memory (PCI Express 5.0, 7.2.2): 4 KiB for each function of bus 0, where the MCFG table says. An access
 * of 8 bytes, or one across a word's edge, is as many accesses of words.
 */
final class EcamWindow implements IoDevice {
    private static final int FUNCTION_SHIFT = 12;
    private static final int FUNCTION_BYTES = 1 << FUNCTION_SHIFT;
    private static final int WORD = 4;

    private final PciBus bus;

    EcamWindow(PciBus bus) {
        this.bus = bus;
    }

    @Override
    public long read(long offset, int bytes) {
        long value = 0;
        int done = 0;
        while (done < bytes) {
            int at = (int) offset + done;
            int piece = Math.min(bytes - done, WORD - at % WORD);
            long part = bus.readConfig(at >> FUNCTION_SHIFT, at & (FUNCTION_BYTES - 1), piece);
            value |= (part & ((1L << (8 * piece)) - 1)) << (8 * done);
            done += piece;
        }
        return value;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        int done = 0;
        while (done < bytes) {
            int at = (int) offset + done;
            int piece = Math.min(bytes - done, WORD - at % WORD);
            bus.writeConfig(at >> FUNCTION_SHIFT, at & (FUNCTION_BYTES - 1), piece, value >>> (8 * done));
            done += piece;
        }
    }
}
