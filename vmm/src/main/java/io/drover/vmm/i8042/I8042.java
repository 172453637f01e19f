package io.drover.vmm.i8042;

import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.power.PowerControl;

/**
 * The ports of a PC's keyboard controller, for its reset line only.
 *
 * <p>
 * The input buffer is always free, so that a driver that waits to write a command goes on at once; the output buffer is always
 * full, so that a driver that looks for a controller drains it in vain a few times and gives up. With all bits zero Linux would
 * wait for answers for seconds, with all ones it would wait before it resets.
 */
public final class I8042 implements IoDevice {
    /** The first of its ports; they are not neighbours, so it is registered for both. */
    public static final int DATA_PORT = 0x60;
    public static final int COMMAND_PORT = 0x64;

    private static final int OUTPUT_BUFFER_FULL = 1;
    private static final int PULSE_RESET = 0xFE;

    private final PowerControl power;

    public I8042(PowerControl power) {
        this.power = power;
    }

    /** What to register at {@link #DATA_PORT}, one port long. */
    public IoDevice dataPort() {
        return new IoDevice() {
            @Override
            public long read(long offset, int bytes) {
                return 0xFF;
            }

            @Override
            public void write(long offset, int bytes, long value) {
                // Bytes for a keyboard that is not there.
            }
        };
    }

    /** The status. */
    @Override
    public long read(long offset, int bytes) {
        return OUTPUT_BUFFER_FULL;
    }

    /** A command; this object is registered at {@link #COMMAND_PORT}, one port long. */
    @Override
    public void write(long offset, int bytes, long value) {
        if ((value & 0xFF) == PULSE_RESET) {
            power.reset();
        }
    }
}
