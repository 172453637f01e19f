package io.drover.vmm.power;

import io.drover.vmm.bus.IoDevice;

/** The reset control register of Intel's chipsets, which the FADT names as RESET_REG. */
public final class ResetRegister implements IoDevice {
    public static final int PORT = 0xCF9;
    public static final int PORTS = 1;
    /** What to write for a hard reset. */
    public static final int RESET_VALUE = 6;

    /** Resets the CPU on its way from 0 to 1; the other bits choose how thorough that is. */
    private static final int RESET_CPU = 1 << 2;
    private static final int KEPT_BITS = 0b1010;

    private final PowerControl power;
    private volatile int kept;

    public ResetRegister(PowerControl power) {
        this.power = power;
    }

    /** Of another, so that it reads the same. */
    public void load(int saved) {
        kept = saved & KEPT_BITS;
    }

    @Override
    public long read(long offset, int bytes) {
        return kept;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        kept = (int) value & KEPT_BITS;
        if ((value & RESET_CPU) != 0) {
            power.reset();
        }
    }
}
