package io.drover.vmm.power;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedHotPlug;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;

/**
 * ACPI's general-purpose event block 0 (ACPI 6.5, 4.8.4.1): a status and an enable bit for each event. The DSDT has a method for
 * each event that there is, which asks the device what has happened.
 */
public final class GeneralEvents implements IoDevice {
    public static final int PORT = 0x610;
    /** Half of them status, half of them enable. */
    public static final int PORTS = 4;
    /** A device has come to the PCI bus, or is to go. */
    public static final int HOT_PLUG = 1;

    private static final int ENABLE = PORTS / 2;

    private final InterruptLine sci;
    @GuardedBy("this")
    private int status;
    @GuardedBy("this")
    private int enable;

    /**
     * With no event enabled.
     *
     * @param sci
     *            this block's end of the line
     */
    public GeneralEvents(InterruptLine sci) {
        this.sci = sci;
    }

    /**
     * Tells the guest, as soon as it wants to hear of it.
     *
     * @param event
     *            0 to 15
     */
    public synchronized void raise(int event) {
        status |= 1 << event;
        updateSci();
    }

    /** When no vCPU runs. */
    public synchronized void save(SavedHotPlug.Builder into) {
        into.setEventStatus(status).setEventEnable(enable);
    }

    /** Makes it what another was, and asserts its line again. Before any vCPU runs. */
    public synchronized void load(SavedHotPlug saved) {
        status = saved.getEventStatus() & 0xFFFF;
        enable = saved.getEventEnable() & 0xFFFF;
        updateSci();
    }

    @Override
    public synchronized long read(long offset, int bytes) {
        return (status | (long) enable << (8 * ENABLE)) >>> (8 * offset);
    }

    @Override
    public synchronized void write(long offset, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            int at = (int) offset + i;
            int octet = (int) (value >>> (8 * i)) & 0xFF;
            if (at < ENABLE) {
                // Ones clear.
                status &= ~(octet << (8 * at));
            } else {
                int shift = 8 * (at - ENABLE);
                enable = (enable & ~(0xFF << shift)) | (octet << shift);
            }
        }
        updateSci();
    }

    @GuardedBy("this")
    private void updateSci() {
        sci.set((status & enable) != 0);
    }
}
