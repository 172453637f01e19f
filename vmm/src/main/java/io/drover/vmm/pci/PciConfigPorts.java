package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedBoard;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.power.ResetRegister;

/**
 * PCI's configuration mechanism 1 (PCI 3.0, 3.2.2.3.2): an address port and a window to what it selects. Without a host bridge
 * behind it Linux complains of "no config space access function". The chipset's reset register lies among the address port's
 * bytes, told apart by the size of the access.
 */
public final class PciConfigPorts implements IoDevice {
    public static final int PORT = 0xCF8;
    public static final int PORTS = 8;

    private static final int ADDRESS_BYTES = 4;
    private static final int WINDOW = 4;
    private static final int RESET_OFFSET = ResetRegister.PORT - PORT;
    private static final int ENABLE = 1 << 31;
    /** Bus, device and function. */
    private static final int FUNCTION_BITS = 0xFF_FF00;
    private static final int FUNCTION_SHIFT = 8;
    private static final int REGISTER_BITS = 0xFC;
    private static final int WRITABLE_BITS = ENABLE | FUNCTION_BITS | REGISTER_BITS;

    private final PciBus bus;
    private final ResetRegister reset;

    private final Object lock = new Object();
    @GuardedBy("lock")
    private int address;

    public PciConfigPorts(PciBus bus, ResetRegister reset) {
        this.bus = bus;
        this.reset = reset;
    }

    /** What the address port and the reset register have. When no vCPU runs. */
    public void save(SavedBoard.Builder into) {
        synchronized (lock) {
            into.setPciAddress(address);
        }
        into.setResetRegister((int) reset.read(0, 1));
    }

    /** Before any vCPU runs. */
    public void load(SavedBoard saved) {
        synchronized (lock) {
            address = saved.getPciAddress() & WRITABLE_BITS;
        }
        reset.load(saved.getResetRegister());
    }

    @Override
    public long read(long offset, int bytes) {
        if (offset == 0 && bytes == ADDRESS_BYTES) {
            synchronized (lock) {
                return address & 0xFFFF_FFFFL;
            }
        }
        if (offset == RESET_OFFSET && bytes == 1) {
            return reset.read(0, 1);
        }
        if (offset < WINDOW) {
            return -1;
        }
        int selected = selected();
        return (selected & ENABLE) == 0 ? -1
                : bus.readConfig((selected & FUNCTION_BITS) >> FUNCTION_SHIFT,
                        (selected & REGISTER_BITS) + (int) (offset - WINDOW), bytes);
    }

    @Override
    public void write(long offset, int bytes, long value) {
        if (offset == 0 && bytes == ADDRESS_BYTES) {
            synchronized (lock) {
                address = (int) value & WRITABLE_BITS;
            }
        } else if (offset == RESET_OFFSET && bytes == 1) {
            reset.write(0, 1, value);
        } else if (offset >= WINDOW) {
            int selected = selected();
            if ((selected & ENABLE) != 0) {
                bus.writeConfig((selected & FUNCTION_BITS) >> FUNCTION_SHIFT,
                        (selected & REGISTER_BITS) + (int) (offset - WINDOW), bytes, value);
            }
        }
    }

    private int selected() {
        synchronized (lock) {
            return address;
        }
    }
}
