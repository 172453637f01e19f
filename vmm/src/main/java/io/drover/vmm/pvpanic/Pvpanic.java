package io.drover.vmm.pvpanic;

import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.power.PowerControl;

/** One port: reading it tells the events that are known, writing one of them reports it. */
public final class Pvpanic implements IoDevice {
    public static final int PORT = 0x505;
    public static final int PORTS = 1;

    private static final int PANICKED = 1;
    private static final int CRASH_LOADED = 1 << 1;

    private final PowerControl power;

    public Pvpanic(PowerControl power) {
        this.power = power;
    }

    @Override
    public long read(long offset, int bytes) {
        return PANICKED | CRASH_LOADED;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        if ((value & PANICKED) != 0) {
            power.panicked("pvpanic: panicked");
        } else if ((value & CRASH_LOADED) != 0) {
            power.crashKernelStarting();
        }
    }
}
