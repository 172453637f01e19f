package io.drover.vmm.machine;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.PluggedDevice.Kind;
import io.drover.vmm.machine.PluggedDevice.Presence;
import io.drover.vmm.pci.SlotRegisters;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Devices that come and go while the guest runs. What was asked for is done on a thread of its own; what the guest lets go of
 * is off the bus before its vCPU goes on, and closed on that thread when its last I/O thread has ended.
 *
 * <p>
 * Only a device that the guest was asked for goes: one that it lets go of by itself stays in its slot, where a guest that looks
 * again finds it. One that is taken by force is closed at once, and what the guest sees of it stays until it lets go of that.
 */
final class HotPlug implements AutoCloseable {
    private final PciDevices devices;
    private final SlotRegisters registers;
    private final Log log;
    private final Runnable whenGone;
    private final DeviceWorker worker;

    /**
     * For a machine's bus.
     *
     * @param event
     *            has the guest look at the {@link #registers}
     * @param whenGone
     *            told, on any thread, that there is a device less
     */
    HotPlug(PciDevices devices, Runnable event, Runnable whenGone, Log log) {
        this.devices = devices;
        this.registers = new SlotRegisters(event, this::ejected);
        this.log = log;
        this.whenGone = whenGone;
        this.worker = new DeviceWorker(log);
    }

    SlotRegisters registers() {
        return registers;
    }

    void attachDisk(DiskSettings settings, Answer answer) {
        worker.execute(() -> attach(settings.id(), settings, Kind.OfDisk.class, MachineSettings.MAX_DISKS,
                () -> devices.plugDisk(settings), answer));
    }

    void attachNic(NicSettings settings, Answer answer) {
        worker.execute(() -> attach(settings.id(), settings, Kind.OfNic.class, MachineSettings.MAX_NICS,
                () -> devices.plugNic(settings), answer));
    }

    void detach(String id, boolean force, Answer answer) {
        worker.execute(() -> {
            Optional<PluggedDevice> device = devices.find(id);
            if (device.isPresent() && force) {
                take(device.get());
            } else if (device.isPresent()) {
                askFor(device.get());
            }
            answer.done();
        });
    }

    void resize(String id, long sizeBytes, Answer answer) {
        worker.execute(() -> ofDisk(id, answer, (device, disk) -> resize(device, disk.disk(), sizeBytes, answer)));
    }

    void limit(String id, DiskRate rate, Answer answer) {
        worker.execute(() -> ofDisk(id, answer, (device, disk) -> limit(device, disk, rate, answer)));
    }

    private void ofDisk(String id, Answer answer, BiConsumer<PluggedDevice, Kind.OfDisk> action) {
        Optional<PluggedDevice> device = devices.find(id);
        if (device.isPresent() && !device.get().isLeaving() && device.get().kind() instanceof Kind.OfDisk disk) {
            action.accept(device.get(), disk);
        } else {
            answer.refused(Refusal.FAILED, "disk " + id + " : none (expected: one of this machine's, not leaving)");
        }
    }

    private interface Plug {
        PluggedDevice plug() throws IOException;
    }

    private void attach(String id, Record settings, Class<? extends Kind> kind, int most, Plug plug, Answer answer) {
        Optional<PluggedDevice> there = devices.find(id);
        if (there.isPresent()) {
            keep(there.get(), settings, answer);
            return;
        }
        if (devices.count(kind) >= most) {
            answer.refused(Refusal.FAILED, "device " + id + " : one too many (expected: at most " + most
                    + " of its kind in a machine)");
            return;
        }
        try {
            PluggedDevice device = plug.plug();
            registers.insert(device.function().slot());
            log.info("device " + id + " is in slot " + device.function().slot());
            answer.done();
        } catch (IOException e) {
            answer.refused(Refusal.HOST_FAILED, "device " + id + " : " + e.getMessage());
        }
    }

    private void keep(PluggedDevice device, Record settings, Answer answer) {
        String id = device.id();
        if (!device.settings().equals(settings)) {
            answer.refused(Refusal.CONFLICT,
                    "device " + id + " : is there with other settings (expected: an id that is free)");
            return;
        }
        boolean closing;
        synchronized (devices) {
            closing = device.isClosing();
            if (device.presence() == Presence.ASKED) {
                device.set(Presence.KEPT);
                registers.forget(device.function().slot());
            }
        }
        if (closing) {
            answer.refused(Refusal.BUSY, "device " + id + " : is being closed; next: ask again in a moment");
        } else {
            answer.done();
        }
    }

    private void askFor(PluggedDevice device) {
        synchronized (devices) {
            if (!device.isClosing()) {
                device.set(Presence.ASKED);
                registers.askFor(device.function().slot());
            }
        }
    }

    /**
     * Closes what a device is on the host, and has the guest let go of the rest. The device itself stays in its slot, and
     * answers that everything fails, as long as the guest has it: a driver whose device is no more waits for ever for it to be
     * reset (Linux 6.1, vp_reset), and finds nothing that comes to the same slot.
     */
    private void take(PluggedDevice device) {
        synchronized (devices) {
            if (device.isClosing()) {
                return;
            }
            device.set(Presence.TAKEN);
        }
        device.revoke();
        registers.askFor(device.function().slot());
        device.function().whenIdle(() -> worker.execute(() -> closeTaken(device)));
    }

    private void closeTaken(PluggedDevice device) {
        device.closeRevoked(log);
        if (devices.forgetId(device)) {
            log.info("device " + device.id() + " was taken from the guest");
            whenGone.run();
        }
    }

    private void resize(PluggedDevice device, Disk disk, long sizeBytes, Answer answer) {
        String what = "size of disk " + device.id() + " : " + sizeBytes;
        if (sizeBytes % Disk.SECTOR_BYTES != 0 || sizeBytes < disk.size() || disk.readOnly()) {
            answer.refused(Refusal.BAD_REQUEST, what + (disk.readOnly() ? " (expected: of a disk that is not read-only)"
                    : " (expected: a multiple of " + Disk.SECTOR_BYTES + ", not less than now, " + disk.size() + ")"));
            return;
        }
        try {
            if (sizeBytes > disk.size()) {
                disk.grow(sizeBytes);
                device.function().configurationChanged();
                log.info("disk " + device.id() + " has " + sizeBytes + " bytes");
            }
            answer.done();
        } catch (IOException e) {
            answer.refused(Refusal.HOST_FAILED, what + " : " + e.getMessage());
        }
    }

    private void limit(PluggedDevice device, Kind.OfDisk disk, DiskRate rate, Answer answer) {
        if (!disk.settings().rate().equals(rate)) {
            synchronized (devices) {
                device.set(disk.withRate(rate));
            }
            rate.replace(disk.limit());
            // What waits for its turn was told when by the old limit.
            device.function().kickAll();
            log.info("disk " + device.id() + " : " + rate.bytesPerSecond() + " bytes and " + rate.operationsPerSecond()
                    + " operations a second at most (0: any)");
        }
        answer.done();
    }

    /** On a vCPU's thread. */
    private void ejected(int slot) {
        synchronized (devices) {
            Optional<PluggedDevice> device = devices.inSlot(slot);
            if (device.isEmpty()) {
                return;
            }
            switch (device.get().presence()) {
                case ASKED, TAKEN -> remove(device.get());
                case KEPT -> {
                    device.get().set(Presence.PRESENT);
                    registers.insert(slot);
                }
                case PRESENT, CLOSING -> {
                    // Nobody wanted it back, or it has gone already.
                }
            }
        }
    }

    /**
     * Has devices stay as they are, once what is under way has ended, until the calling thread calls {@link #release}.
     *
     * @return false when that has not ended in time
     */
    boolean hold(Duration deadline) throws InterruptedException {
        return worker.hold(deadline);
    }

    void release() {
        worker.release();
    }

    private void remove(PluggedDevice device) {
        device.set(Presence.CLOSING);
        registers.forget(device.function().slot());
        device.function().remove(() -> worker.execute(() -> close(device)));
    }

    private void close(PluggedDevice device) {
        device.function().release();
        if (devices.forget(device)) {
            log.info("device " + device.id() + " is gone");
            whenGone.run();
        } else {
            log.info("the guest has let go of device " + device.id() + ", which was taken from it");
        }
    }

    /** Waits for what is under way. Before the devices are closed, after the vCPUs' threads have ended. */
    @Override
    public void close() {
        worker.close();
    }
}
