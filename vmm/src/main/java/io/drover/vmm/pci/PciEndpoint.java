package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What every function that is a device has: a header, one 64-bit memory BAR, MSI-X (if it wants that) whose table lies in that
 * BAR, and an interrupt pin. What else is in the BAR, and further capabilities, are the device's.
 *
 * <p>
 * The guest moves the BAR in two writes, and may do so while other vCPUs use it. After each write to configuration space the
 * BAR is where it says, or nowhere: when memory decoding is off, or where it would lie over something else. Its owner hears of
 * it, to move its doorbells along.
 */
public final class PciEndpoint implements PciFunction {
    /** Vendor-specific (PCI Code and ID Assignment Specification, 2). */
    public static final int CAPABILITY_VENDOR_SPECIFIC = 0x09;
    /** The only BAR there is. */
    public static final int BAR = 0;
    public static final long BAR_BYTES = 32 << 10;
    /** Below this the BAR is the device's own. */
    public static final long DEVICE_BYTES = 16 << 10;

    private static final long MSIX_TABLE = DEVICE_BYTES;
    private static final long MSIX_PENDING = MSIX_TABLE + 4096;
    private static final int BAR_IS_64_BIT = 0b100;
    private static final int PIN_A = 1;
    private static final int COMMAND_BITS = ConfigSpace.COMMAND_MEMORY | ConfigSpace.COMMAND_BUS_MASTER
            | ConfigSpace.COMMAND_PARITY | ConfigSpace.COMMAND_SERR | ConfigSpace.COMMAND_INTERRUPT_OFF;
    private static final long NOWHERE = -1;
    private static final int NO_CAPABILITY = -1;

    /**
     * Who a function says it is.
     *
     * @param classCode
     *            class, subclass and interface, three bytes
     */
    public record Identity(int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystem) {}

    /** Hears, under the endpoint's lock, what has become of the function by a write to its configuration space. */
    public interface Owner {
        /** The BAR can be reached at this address from now on. */
        void mapped(long address);

        /** The BAR cannot be reached any more. */
        void unmapped();

        /** Whether the function may touch memory and interrupt at all. */
        void busMaster(boolean allowed);
    }

    private final String name;
    private final int slot;
    private final IoBus mmio;
    private final IoBus bar = new IoBus();
    private final IoDevice barDevice = new BarDevice();
    private final MsixTable msix;
    private final InterruptPin pin;
    private final Owner owner;
    private final int msixCapability;

    @GuardedBy("this")
    private final ConfigSpace config = new ConfigSpace();
    @GuardedBy("this")
    private long mapped = NOWHERE;
    @GuardedBy("this")
    private boolean busMaster;
    @GuardedBy("this")
    private boolean gone;

    /**
     * An endpoint whose BAR is not mapped yet.
     *
     * @param name
     *            for messages
     * @param slot
     *            that it is for
     * @param vectors
     *            of MSI-X: 1 to 256, or 0 for a function that has no MSI-X
     * @param address
     *            where the BAR is until the guest moves it: a multiple of {@link #BAR_BYTES}
     * @throws IOException
     *             when there are no more message interrupts
     */
    PciEndpoint(String name, int slot, Identity identity, int vectors, MessageInterrupts messages, InterruptLine line,
            IoBus mmio, long address, Owner owner) throws IOException {
        this.name = name;
        this.slot = slot;
        this.mmio = mmio;
        this.owner = owner;
        this.pin = new InterruptPin(line);
        this.msix = new MsixTable(vectors, messages);
        config.put16(ConfigSpace.VENDOR, identity.vendor());
        config.put16(ConfigSpace.DEVICE, identity.device());
        config.put32(ConfigSpace.REVISION, (identity.classCode() << 8) | identity.revision());
        config.put16(ConfigSpace.SUBSYSTEM_VENDOR, identity.subsystemVendor());
        config.put16(ConfigSpace.SUBSYSTEM, identity.subsystem());
        config.put8(ConfigSpace.INTERRUPT_PIN, PIN_A);
        config.allow32(ConfigSpace.INTERRUPT_LINE, 0xFF);
        config.allow32(ConfigSpace.COMMAND, COMMAND_BITS);
        config.put32(ConfigSpace.BAR_0, (int) address | BAR_IS_64_BIT);
        config.put32(ConfigSpace.BAR_0 + 4, (int) (address >>> 32));
        // The bits below the size read as zero, which is how a guest learns it.
        config.allow32(ConfigSpace.BAR_0, (int) -BAR_BYTES);
        config.allow32(ConfigSpace.BAR_0 + 4, -1);
        if (vectors == 0) {
            msixCapability = NO_CAPABILITY;
            return;
        }
        bar.register(MSIX_TABLE, (long) vectors * MsixTable.ENTRY_BYTES, "MSI-X table", msix.new Entries());
        bar.register(MSIX_PENDING, (vectors + 63) / 64 * 8L, "MSI-X pending bits", msix.new PendingBits());
        ByteBuffer body = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        body.putShort((short) (vectors - 1)).putInt((int) MSIX_TABLE | BAR).putInt((int) MSIX_PENDING | BAR);
        msixCapability = config.addCapability(MsixTable.CAPABILITY, body.array());
        config.allow32(msixCapability, (MsixTable.ENABLE | MsixTable.FUNCTION_MASK) << 16);
    }

    /**
     * Puts registers into the BAR.
     *
     * @param offset
     *            0 to {@link #DEVICE_BYTES}
     */
    public void addRegisters(long offset, long length, String what, IoDevice registers) {
        bar.register(offset, length, what, registers);
    }

    /**
     * Appends a capability.
     *
     * @param body
     *            what follows the id and the link
     * @return where in configuration space it begins
     */
    public synchronized int addCapability(int id, byte[] body) {
        return config.addCapability(id, body);
    }

    /** Lets the guest write all of four bytes of a capability. */
    public synchronized void makeWritable(int offset) {
        config.allow32(offset, -1);
    }

    /** Of bus 0: 1 to 31. */
    public int slot() {
        return slot;
    }

    /** It is on the bus no more: the BAR is nowhere, nothing interrupts, and writes that are still on their way do nothing. */
    synchronized void pulled() {
        gone = true;
        config.write(ConfigSpace.COMMAND, 2, 0);
        obeyCommand();
        pin.set(false);
    }

    /** Reads what is in the BAR as if it were mapped. */
    public long readBar(long offset, int bytes) {
        return bar.read(offset, bytes);
    }

    /** Writes to what is in the BAR as if it were mapped. */
    public void writeBar(long offset, int bytes, long value) {
        bar.write(offset, bytes, value);
    }

    public MsixTable msix() {
        return msix;
    }

    /** Sets what the pin says; the guest may have switched it off. */
    public void setPin(boolean asserted) {
        pin.set(asserted);
    }

    /** When no vCPU runs and the device is still. */
    public synchronized SavedFunction.Builder save() {
        SavedFunction.Builder saved = SavedFunction.newBuilder().setVersion(SavedStates.VERSION).setName(name)
                .setSlot(slot).setConfiguration(ByteString.copyFrom(config.toArray())).setPin(pin.isPending());
        if (mapped != NOWHERE) {
            saved.setBar(mapped);
        }
        msix.save(saved);
        return saved;
    }

    /**
     * Makes it what another was: the BAR is where that one's was, and its owner hears of it; what interrupts waited are raised
     * when they may be. Before any vCPU runs.
     */
    public synchronized void load(SavedFunction saved) throws SavedStateException {
        int differs = config
                .load(SavedStates.ofLength("configuration of " + name, saved.getConfiguration(), CONFIG_BYTES));
        if (differs >= 0) {
            throw new SavedStateException("saved state: configuration of " + name + " : other than this device's at 0x"
                    + Integer.toHexString(differs) + " (expected: the same device)");
        }
        msix.load(name, saved.getVectorsList());
        pin.set(saved.getPin());
        if (saved.hasBar()) {
            obeyCommand();
            if (mapped != saved.getBar()) {
                throw new SavedStateException("saved state: BAR of " + name + " : 0x"
                        + Long.toHexString(saved.getBar()) + " (expected: where its configuration says, and free)");
            }
        } else {
            // Where it is to be, another's was; the guest's next write has it look again.
            obeyAllButPlace();
        }
        if (msixCapability != NO_CAPABILITY) {
            msix.control((int) config.read(msixCapability + 2, 2));
        }
    }

    @Override
    public synchronized long readConfig(int offset, int bytes) {
        long value = config.read(offset, bytes);
        if (offset <= ConfigSpace.STATUS && offset + bytes > ConfigSpace.STATUS && pin.isPending()) {
            value |= (long) ConfigSpace.STATUS_INTERRUPT << (8 * (ConfigSpace.STATUS - offset));
        }
        return value;
    }

    @Override
    public synchronized void writeConfig(int offset, int bytes, long value) {
        if (gone) {
            return;
        }
        config.write(offset, bytes, value);
        int word = offset & -4;
        if (word == ConfigSpace.COMMAND || word == ConfigSpace.BAR_0 || word == ConfigSpace.BAR_0 + 4) {
            obeyCommand();
        } else if (word == msixCapability) {
            msix.control((int) config.read(msixCapability + 2, 2));
        }
    }

    @GuardedBy("this")
    private void obeyCommand() {
        int command = (int) config.read(ConfigSpace.COMMAND, 2);
        map((command & ConfigSpace.COMMAND_MEMORY) == 0 ? NOWHERE
                : (config.read(ConfigSpace.BAR_0, 4) | (config.read(ConfigSpace.BAR_0 + 4, 4) << 32)) & -BAR_BYTES);
        obeyAllButPlace();
    }

    @GuardedBy("this")
    private void obeyAllButPlace() {
        int command = (int) config.read(ConfigSpace.COMMAND, 2);
        pin.switchOff((command & ConfigSpace.COMMAND_INTERRUPT_OFF) != 0);
        boolean master = (command & ConfigSpace.COMMAND_BUS_MASTER) != 0;
        if (master != busMaster) {
            busMaster = master;
            owner.busMaster(master);
        }
    }

    @GuardedBy("this")
    private void map(long address) {
        if (address == mapped) {
            return;
        }
        if (mapped != NOWHERE) {
            owner.unmapped();
            mmio.remove(mapped);
            mapped = NOWHERE;
        }
        if (address != NOWHERE && mmio.offer(address, BAR_BYTES, name, barDevice)) {
            mapped = address;
            owner.mapped(address);
        }
    }

    private final class BarDevice implements IoDevice {
        @Override
        public long read(long offset, int bytes) {
            return bar.read(offset, bytes);
        }

        @Override
        public void write(long offset, int bytes, long value) {
            bar.write(offset, bytes, value);
        }
    }
}
