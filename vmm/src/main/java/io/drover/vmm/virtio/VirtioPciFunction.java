package io.drover.vmm.virtio;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciEndpoint;
import io.drover.vmm.pci.PciFunction;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A virtio device as a PCI function (virtio 1.2, 4.1): its registers in the endpoint's BAR, the capabilities that say where, and
 * the one that lets a driver reach them through configuration space alone.
 */
public final class VirtioPciFunction implements PciFunction, AutoCloseable {
    private static final int VENDOR_RED_HAT = 0x1AF4;
    /** What a device's type is added to. */
    private static final int DEVICE_BASE = 0x1040;
    /** Neither a transitional device's nor any other's (4.1.2.1). */
    private static final int SUBSYSTEM = 0x1100;
    private static final int REVISION = 1;

    private static final int VIRTIO_PCI_CAP_COMMON_CFG = 1;
    private static final int VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
    private static final int VIRTIO_PCI_CAP_ISR_CFG = 3;
    private static final int VIRTIO_PCI_CAP_DEVICE_CFG = 4;
    private static final int VIRTIO_PCI_CAP_PCI_CFG = 5;

    /** In the BAR, each on a page of its own. */
    private static final long COMMON = 0;
    private static final long ISR = 0x1000;
    private static final long DEVICE = 0x2000;
    private static final long NOTIFY = 0x3000;
    private static final int DEVICE_CONFIG_BYTES = 0x1000;

    /** Of a capability (4.1.4), from its beginning. */
    private static final int CAP_BAR = 4;
    private static final int CAP_OFFSET = 8;
    private static final int CAP_LENGTH = 12;
    private static final int CAP_DATA = 16;

    private final PciRoot root;
    private final PciEndpoint endpoint;
    private final NotifyWindow notify;
    private final DriverSession session;
    private final CommonConfig common;
    private final BusMaster busMaster = new BusMaster();
    private final int windowCapability;

    private VirtioPciFunction(String name, VirtioDevice device, GuestMemory memory, PciRoot root, Doorbells doorbells,
            GuestFaultLog log) throws IOException {
        this.root = root;
        notify = new NotifyWindow(name, device.queues(), doorbells);
        try {
            PciEndpoint.Identity identity = new PciEndpoint.Identity(VENDOR_RED_HAT, DEVICE_BASE + device.deviceType(),
                    REVISION, device.pciClass(), VENDOR_RED_HAT, SUBSYSTEM);
            // A vector for each queue and one for the configuration.
            endpoint = root.endpoint(name, identity, device.queues() + 1, new BarOwner());
        } catch (IOException e) {
            notify.close();
            throw e;
        }
        VirtioInterrupts interrupts = new VirtioInterrupts(endpoint, device.queues());
        session = new DriverSession(name, device, memory, notify, interrupts, busMaster, log);
        common = new CommonConfig(session, interrupts);
        addRegisters(VIRTIO_PCI_CAP_COMMON_CFG, COMMON, CommonConfig.BYTES, "common configuration", common);
        addRegisters(VIRTIO_PCI_CAP_ISR_CFG, ISR, 1, "ISR status", interrupts);
        addRegisters(VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE, DEVICE_CONFIG_BYTES, "device configuration",
                new DeviceConfig());
        addRegisters(VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, notify.bytes(), "notifications", notify);
        windowCapability = endpoint.addCapability(PciEndpoint.CAPABILITY_VENDOR_SPECIFIC,
                capability(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0, Integer.BYTES));
        endpoint.makeWritable(windowCapability + CAP_BAR);
        endpoint.makeWritable(windowCapability + CAP_OFFSET);
        endpoint.makeWritable(windowCapability + CAP_LENGTH);
    }

    /**
     * Plugs a device in, at once.
     *
     * @param name
     *            of the device, for its threads and the log
     * @param device
     *            closed by this function's {@link #close}, and by this method when it fails
     * @throws IOException
     *             when there is no place for it, or this host has no more of what it needs
     */
    public static VirtioPciFunction plug(String name, VirtioDevice device, GuestMemory memory, PciRoot root,
            Doorbells doorbells, Log log) throws IOException {
        try {
            VirtioPciFunction function = new VirtioPciFunction(name, device, memory, root, doorbells,
                    new GuestFaultLog(log, name));
            root.plug(function.endpoint, function);
            return function;
        } catch (IOException e) {
            device.close();
            throw e;
        }
    }

    private void addRegisters(int type, long offset, int length, String what, IoDevice registers) {
        endpoint.addRegisters(offset, length, what, registers);
        endpoint.addCapability(PciEndpoint.CAPABILITY_VENDOR_SPECIFIC, type == VIRTIO_PCI_CAP_NOTIFY_CFG
                ? capability(type, offset, length, NotifyWindow.MULTIPLIER, Integer.BYTES)
                : capability(type, offset, length, 0, 0));
    }

    /** {@code struct virtio_pci_cap} without its first two bytes, and a word behind it if there is one. */
    private static byte[] capability(int type, long offset, int length, int last, int lastBytes) {
        ByteBuffer body = ByteBuffer.allocate(CAP_DATA + lastBytes - 2).order(ByteOrder.LITTLE_ENDIAN);
        body.put((byte) (CAP_DATA + lastBytes)).put((byte) type).put((byte) PciEndpoint.BAR).put(new byte[3]);
        body.putInt((int) offset).putInt(length);
        if (lastBytes > 0) {
            body.putInt(last);
        }
        return body.array();
    }

    /** The device's configuration is not what the driver has read: tells it. Any thread. */
    public void configurationChanged() {
        session.configurationChanged();
    }

    /** Has the device look at all its queues anew, as if the driver had kicked them. Any thread, until it is closed. */
    public void kickAll() {
        notify.kickAll();
    }

    @Override
    public long readConfig(int offset, int bytes) {
        if ((offset & -4) == windowCapability + CAP_DATA) {
            int length = windowLength();
            return length == bytes && offset % Integer.BYTES == 0 ? endpoint.readBar(windowOffset(), length) : 0;
        }
        return endpoint.readConfig(offset, bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, long value) {
        if ((offset & -4) == windowCapability + CAP_DATA) {
            int length = windowLength();
            if (length == bytes && offset % Integer.BYTES == 0) {
                endpoint.writeBar(windowOffset(), length, value);
            }
        } else {
            endpoint.writeConfig(offset, bytes, value);
        }
    }

    /** Of the access that the driver has set up: 1, 2 or 4; 0 when it is none that it may (4.1.4.9.1). */
    private int windowLength() {
        long length = endpoint.readConfig(windowCapability + CAP_LENGTH, Integer.BYTES);
        boolean legal = (length == 1 || length == 2 || length == 4) && windowOffset() % length == 0
                && windowOffset() + length <= PciEndpoint.DEVICE_BYTES
                && endpoint.readConfig(windowCapability + CAP_BAR, 1) == PciEndpoint.BAR;
        return legal ? (int) length : 0;
    }

    private long windowOffset() {
        return endpoint.readConfig(windowCapability + CAP_OFFSET, Integer.BYTES);
    }

    /** The slot of the bus that it is in: 1 to 31. */
    public int slot() {
        return endpoint.slot();
    }

    /**
     * Takes the device away from the guest, which finds nothing in the slot from now on, and stops it without waiting. Once; any
     * thread.
     *
     * @param then
     *            called when the last I/O thread has ended, on that thread or on this one: it must see to it that somebody else
     *            calls {@link #release}
     */
    public void remove(Runnable then) {
        root.pull(endpoint);
        session.remove(then);
    }

    /** After {@link #remove}: closes the device and gives back what it had on the bus, its slot included. */
    public void release() {
        close();
        root.release(endpoint);
    }

    /**
     * Calls back once the device has ended every request that it was at when this was called; does not wait.
     *
     * @param then
     *            called on one of its threads or on this one: it must not hold them up
     */
    public void whenIdle(Runnable then) {
        session.whenIdle(then);
    }

    /** Has the device begin nothing more, and does not wait; when no vCPU runs. Nothing that it has begun is cut short. */
    public void pause() {
        session.pause();
    }

    /**
     * Waits until the device, having been paused, has ended all that it had begun: no guest memory changes by it from then on,
     * until {@link #resume}.
     *
     * @param untilNanos
     *            as of {@link System#nanoTime}
     * @return false when it has not in time
     */
    public boolean awaitStill(long untilNanos) throws InterruptedException {
        return session.awaitStill(untilNanos);
    }

    /** All that the guest has in it. While it is still. */
    public SavedFunction.Builder save() {
        SavedVirtio.Builder virtio = session.save();
        common.save(virtio);
        return endpoint.save().setVirtio(virtio);
    }

    /**
     * Makes it what another was; it stands still until {@link #resume}. Once, before any vCPU runs, when the guest's memory and
     * interrupt controllers are what they were.
     *
     * @throws SavedStateException
     *             when it cannot have been one like this
     */
    public void load(SavedFunction saved) throws SavedStateException {
        SavedStates.require(saved.hasVirtio(), "virtio device " + saved.getName());
        endpoint.load(saved);
        common.load(saved.getVirtio());
        session.load(saved.getVirtio());
    }

    /** Has the device go on. */
    public void resume() {
        session.resume();
    }

    /** Stops the device. When no vCPU runs any more, or it was taken off the bus. */
    @Override
    public void close() {
        session.close();
        notify.close();
    }

    private final class DeviceConfig implements IoDevice {
        @Override
        public long read(long offset, int bytes) {
            return session.readConfig((int) offset, bytes);
        }

        @Override
        public void write(long offset, int bytes, long value) {
            session.writeConfig((int) offset, bytes, value);
        }
    }

    private final class BarOwner implements PciEndpoint.Owner {
        @Override
        public void mapped(long address) {
            notify.mapped(address + NOTIFY);
        }

        @Override
        public void unmapped() {
            notify.unmapped();
        }

        @Override
        public void busMaster(boolean allowed) {
            busMaster.allow(allowed);
            if (allowed) {
                notify.kickAll();
            }
        }
    }
}
