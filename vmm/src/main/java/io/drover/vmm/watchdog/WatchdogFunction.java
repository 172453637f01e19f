package io.drover.vmm.watchdog;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.vmm.log.Log;
import io.drover.vmm.pci.PciEndpoint;
import io.drover.vmm.pci.PciFunction;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.timer.GuestTime;
import java.io.IOException;

/** An {@link I6300Esb} on the PCI bus. */
public final class WatchdogFunction implements PciFunction {
    private static final int VENDOR_INTEL = 0x8086;
    private static final int DEVICE_6300ESB_WATCHDOG = 0x25AB;
    /** Of the base system, of no kind that PCI knows. */
    private static final int PCI_CLASS = 0x08_8000;
    /** It interrupts by its pin, if at all. */
    private static final int NO_VECTORS = 0;

    private final PciEndpoint endpoint;
    private final I6300Esb watchdog;
    private final WatchdogAction action;
    private final WatchdogOwner owner;
    private final Log log;

    private WatchdogFunction(WatchdogAction action, GuestTime time, PciRoot root, WatchdogOwner owner, Log log)
            throws IOException {
        this.action = action;
        this.owner = owner;
        this.log = log;
        this.endpoint = root.endpoint("watchdog", new PciEndpoint.Identity(VENDOR_INTEL, DEVICE_6300ESB_WATCHDOG, 0,
                PCI_CLASS, VENDOR_INTEL, DEVICE_6300ESB_WATCHDOG), NO_VECTORS, new NobodyToTell());
        this.watchdog = new I6300Esb(time, endpoint::setPin, this::expired);
        endpoint.addRegisters(0, I6300Esb.BYTES, "watchdog", watchdog);
    }

    /**
     * Plugs it in. Before any vCPU runs.
     *
     * @param owner
     *            does what is to be done
     */
    public static WatchdogFunction plug(WatchdogAction action, GuestTime time, PciRoot root, WatchdogOwner owner,
            Log log) throws IOException {
        WatchdogFunction function = new WatchdogFunction(action, time, root, owner, log);
        root.plug(function.endpoint, function);
        return function;
    }

    /** As it is now. Any thread. */
    public WatchdogState state() {
        return watchdog.state();
    }

    /** When no vCPU runs. */
    public SavedFunction save() {
        return endpoint.save().setWatchdog(watchdog.save()).build();
    }

    /** Makes it what another was. Before any vCPU runs. */
    public void load(SavedFunction saved) throws SavedStateException {
        SavedStates.require(saved.hasWatchdog(), "watchdog");
        watchdog.load(saved.getWatchdog());
        endpoint.load(saved);
    }

    private void expired() {
        // A guest may have it count in milliseconds and go on by itself, and must not fill the log.
        if (action == WatchdogAction.NONE) {
            if (Long.bitCount(watchdog.state().expirations()) == 1) {
                log.warn("watchdog: the guest has not fed it, " + watchdog.state().expirations()
                        + " times so far; nothing is done");
            }
            return;
        }
        log.warn("watchdog: the guest has not fed it; action " + action);
        owner.watchdogExpired(action);
    }

    @Override
    public long readConfig(int offset, int bytes) {
        long value = endpoint.readConfig(offset, bytes);
        for (int i = 0; i < bytes; i++) {
            value |= (long) watchdog.readConfig(offset + i) << (8 * i);
        }
        return value;
    }

    @Override
    public void writeConfig(int offset, int bytes, long value) {
        endpoint.writeConfig(offset, bytes, value);
        for (int i = 0; i < bytes; i++) {
            watchdog.writeConfig(offset + i, (int) (value >>> (8 * i)) & 0xFF);
        }
    }

    /** It touches no memory and has no doorbells. */
    private static final class NobodyToTell implements PciEndpoint.Owner {
        @Override
        public void mapped(long address) {
            // The bus knows.
        }

        @Override
        public void unmapped() {
            // The bus knows.
        }

        @Override
        public void busMaster(boolean allowed) {
            // It never touches memory.
        }
    }
}
