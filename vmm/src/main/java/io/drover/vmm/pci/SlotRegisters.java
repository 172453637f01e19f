package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedHotPlug;
import io.drover.vmm.bus.IoDevice;

/**
 * How the guest's ACPI code learns what has happened to the slots, and says which it has let go of: three words with a bit for
 * each slot. Reading one of the first two takes its bits, so that each is heard once; what is written to the third are slots
 * that the guest uses no more. Safe for use by several threads.
 */
public final class SlotRegisters implements IoDevice {
    /** Where QEMU has its own registers of that kind. */
    public static final int PORT = 0xAE00;
    public static final int PORTS = 12;
    /** Slots in which there is something new. */
    public static final int INSERTED = 0;
    /** Slots that the guest is asked to let go of. */
    public static final int ASKED = 4;
    /** What the guest has let go of. */
    public static final int EJECT = 8;

    private static final int WORD = 4;

    /** Hears of slots that the guest says it has let go of, asked or not, on the vCPU's thread that said so. Must not block. */
    @FunctionalInterface
    public interface EjectListener {
        /** Any of 0 to 31, whether there is something in it or not. */
        void ejected(int slot);
    }

    private final Runnable event;
    private final EjectListener listener;
    @GuardedBy("this")
    private int inserted;
    @GuardedBy("this")
    private int asked;

    /**
     * Nothing has happened.
     *
     * @param event
     *            has the guest look here
     */
    public SlotRegisters(Runnable event, EjectListener listener) {
        this.event = event;
        this.listener = listener;
    }

    /** Tells the guest that there is something in the slot; it looks at what it is asked for first. */
    public void insert(int slot) {
        synchronized (this) {
            inserted |= 1 << slot;
        }
        event.run();
    }

    /** Asks the guest to let go of what is in the slot; may be repeated, for a guest that did not listen yet. */
    public void askFor(int slot) {
        synchronized (this) {
            asked |= 1 << slot;
        }
        event.run();
    }

    /** What the guest has not heard of this slot yet, it never will. */
    public synchronized void forget(int slot) {
        asked &= ~(1 << slot);
        inserted &= ~(1 << slot);
    }

    /** When no vCPU runs and no device comes or goes. */
    public synchronized void save(SavedHotPlug.Builder into) {
        into.setInserted(inserted).setAsked(asked);
    }

    /** Makes it what another was. Before any vCPU runs. */
    public synchronized void load(SavedHotPlug saved) {
        inserted = saved.getInserted();
        asked = saved.getAsked();
    }

    @Override
    public synchronized long read(long offset, int bytes) {
        if (bytes != WORD || offset % WORD != 0) {
            return 0;
        }
        int word = 0;
        if (offset == INSERTED) {
            word = inserted;
            inserted = 0;
        } else if (offset == ASKED) {
            word = asked;
            asked = 0;
        }
        return word & 0xFFFF_FFFFL;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        if (offset != EJECT || bytes != WORD) {
            return;
        }
        for (int slot = 0; slot < PciBus.SLOTS; slot++) {
            if ((value >>> slot & 1) != 0) {
                listener.ejected(slot);
            }
        }
    }
}
