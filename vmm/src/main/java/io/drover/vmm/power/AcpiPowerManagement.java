package io.drover.vmm.power;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedPowerManagement;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.state.SavedStates;
import java.util.function.LongSupplier;

/**
 * ACPI's fixed hardware (ACPI 6.5, 4.8): the PM1a event and control registers and the power management timer, in one block of
 * ports. The machine is in ACPI mode from the start. It has a power button and one sleep state, S5.
 *
 * <p>
 * Left out: an interrupt when the timer's highest bit changes. Its status bit is always 0; with 32 bits that would be every ten
 * minutes, and kernels use the timer as a counter only.
 */
public final class AcpiPowerManagement implements IoDevice {
    public static final int PORT = 0x600;
    public static final int PORTS = 12;
    public static final int EVENT_PORT = PORT;
    public static final int CONTROL_PORT = PORT + 4;
    public static final int TIMER_PORT = PORT + 8;
    public static final int SCI_IRQ = 9;
    /** SLP_TYP for S5; 0 as in QEMU's machines. */
    public static final int SLEEP_TYPE_S5 = 0;

    /** Of the timer (ACPI 6.5, 4.8.3.3). */
    private static final long TIMER_HERTZ = 3_579_545;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private static final int ENABLE = 2;
    private static final int CONTROL = 4;
    private static final int RESERVED = 6;
    private static final int TIMER = 8;

    private static final int POWER_BUTTON = 1 << 8;
    /** Timer, global lock, power button, sleep button, clock. */
    private static final int ENABLE_BITS = 1 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 10;
    private static final int SCI_ENABLED = 1;
    private static final int CONTROL_KEPT_BITS = 1 << 1 | 7 << 10;
    private static final int SLEEP_ENABLE = 1 << 13;

    private final InterruptLine sci;
    private final PowerControl power;
    private final LongSupplier nanoTime;

    private final Object lock = new Object();
    @GuardedBy("lock")
    private int status;
    @GuardedBy("lock")
    private int enable;
    @GuardedBy("lock")
    private int control;
    @GuardedBy("lock")
    private boolean asserted;
    /** Of the timer, which another machine's began. */
    private volatile long timerAheadNanos;

    /**
     * As after a reset.
     *
     * @param nanoTime
     *            a clock that never goes back, in nanoseconds
     */
    public AcpiPowerManagement(InterruptLine sci, PowerControl power, LongSupplier nanoTime) {
        this.sci = sci;
        this.power = power;
        this.nanoTime = nanoTime;
    }

    /**
     * Presses and releases the power button.
     *
     * @return whether the guest has asked to be told; when not, it will not act on it
     */
    public boolean pressPowerButton() {
        synchronized (lock) {
            status |= POWER_BUTTON;
            updateSci();
            return (enable & POWER_BUTTON) != 0;
        }
    }

    /** When no vCPU runs. */
    public SavedPowerManagement save() {
        synchronized (lock) {
            return SavedPowerManagement.newBuilder().setVersion(SavedStates.VERSION).setStatus(status).setEnable(enable)
                    .setControl(control).setTimerNanos(nanoTime.getAsLong() + timerAheadNanos).build();
        }
    }

    /**
     * Makes it what another was, and asserts its line again. Before any vCPU runs.
     *
     * @param awayNanos
     *            how long ago the other was saved: the timer has gone on
     */
    public void load(SavedPowerManagement saved, long awayNanos) {
        synchronized (lock) {
            status = saved.getStatus() & POWER_BUTTON;
            enable = saved.getEnable() & ENABLE_BITS;
            control = saved.getControl() & CONTROL_KEPT_BITS;
            timerAheadNanos = saved.getTimerNanos() + awayNanos - nanoTime.getAsLong();
            updateSci();
        }
    }

    @Override
    public long read(long offset, int bytes) {
        long registers;
        synchronized (lock) {
            registers = status | ((long) enable << (8 * ENABLE)) | ((long) (control | SCI_ENABLED) << (8 * CONTROL));
        }
        long value = 0;
        long timer = timer();
        for (int i = 0; i < bytes; i++) {
            long at = offset + i;
            long octet = at < TIMER ? registers >>> (8 * at) : timer >>> (8 * (at - TIMER));
            value |= (octet & 0xFF) << (8 * i);
        }
        return value;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        boolean off = false;
        synchronized (lock) {
            for (int i = 0; i < bytes; i++) {
                off |= writeByte((int) offset + i, (int) (value >>> (8 * i)) & 0xFF);
            }
            updateSci();
        }
        if (off) {
            power.powerOff();
        }
    }

    /** Whether that switches the machine off. */
    @GuardedBy("lock")
    private boolean writeByte(int offset, int value) {
        if (offset < ENABLE) {
            // Ones clear.
            status &= ~(value << (8 * offset));
        } else if (offset < CONTROL) {
            enable = replaced(enable, offset - ENABLE, value) & ENABLE_BITS;
        } else if (offset < RESERVED) {
            int written = replaced(control, offset - CONTROL, value);
            control = written & CONTROL_KEPT_BITS;
            return (written & SLEEP_ENABLE) != 0 && (written >> 10 & 7) == SLEEP_TYPE_S5;
        }
        return false;
    }

    private static int replaced(int register, int octet, int value) {
        return (register & ~(0xFF << (8 * octet))) | (value << (8 * octet));
    }

    private long timer() {
        long nanos = nanoTime.getAsLong() + timerAheadNanos;
        // In two steps, as nanoseconds times the frequency would overflow within the hour.
        return Math.floorDiv(nanos, NANOS_PER_SECOND) * TIMER_HERTZ
                + Math.floorMod(nanos, NANOS_PER_SECOND) * TIMER_HERTZ / NANOS_PER_SECOND;
    }

    @GuardedBy("lock")
    private void updateSci() {
        boolean level = (status & enable) != 0;
        if (level != asserted) {
            asserted = level;
            sci.set(level);
        }
    }
}
