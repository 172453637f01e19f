package io.drover.vmm.virtio.console;

import io.drover.proto.vmm.v1.SavedPort;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A port, from driver to driver. Its flags belong to the device's I/O thread while a driver is there; what it has done may be
 * read on any thread.
 */
final class Port {
    private final int number;
    private final String name;
    private final boolean console;
    private final HostEnd end;
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();
    /** The driver knows it. */
    private boolean ready;
    private volatile boolean guestOpen;
    /** As the driver knows it. */
    private volatile boolean hostOpen;
    /** Of what the driver has written next, bytes that the host's end has had already. */
    private long takenBytes;
    /** What the driver is to be told, as {@link ControlQueues} has it. */
    private int owed;

    /**
     * A port that no driver has seen.
     *
     * @param name
     *            empty: none
     * @param console
     *            whether the guest is to make a console of it
     */
    Port(int number, String name, boolean console, HostEnd end) {
        this.number = number;
        this.name = name;
        this.console = console;
        this.end = end;
    }

    int number() {
        return number;
    }

    String name() {
        return name;
    }

    boolean isConsole() {
        return console;
    }

    HostEnd end() {
        return end;
    }

    boolean isReady() {
        return ready;
    }

    void setReady(boolean now) {
        ready = now;
        hostOpen = false;
    }

    /** A driver without several ports uses the first as it finds it. */
    void useAlone() {
        guestOpen = true;
        hostOpen = true;
    }

    void setGuestOpen(boolean open) {
        guestOpen = open;
    }

    boolean isHostOpen() {
        return hostOpen;
    }

    void setHostOpen(boolean open) {
        hostOpen = open;
    }

    /** Whether the guest would see what it is given: a Linux guest drops what comes to a port that nobody has open. */
    boolean mayGive() {
        return (guestOpen || console) && hostOpen && end.mayGive();
    }

    /** As only one thread writes, no locked instruction is needed. */
    void given(long bytes) {
        bytesIn.setRelease(bytesIn.getPlain() + bytes);
    }

    void taken(long bytes) {
        bytesOut.setRelease(bytesOut.getPlain() + bytes);
    }

    long takenBytes() {
        return takenBytes;
    }

    void setTakenBytes(long bytes) {
        takenBytes = bytes;
    }

    int owed() {
        return owed;
    }

    void setOwed(int bits) {
        owed = bits;
    }

    SavedPort save() {
        return SavedPort.newBuilder().setReady(ready).setGuestOpen(guestOpen).setHostOpen(hostOpen)
                .setTakenBytes(takenBytes).setOwed(owed).build();
    }

    void load(SavedPort saved) {
        ready = saved.getReady();
        guestOpen = saved.getGuestOpen();
        hostOpen = saved.getHostOpen();
        takenBytes = Math.max(saved.getTakenBytes(), 0);
        owed = saved.getOwed() & ControlQueues.OWES_ANY;
    }

    void reset() {
        takenBytes = 0;
        owed = 0;
        ready = false;
        guestOpen = false;
        hostOpen = false;
    }

    PortCounts counts() {
        return new PortCounts(name, hostOpen, guestOpen, bytesIn.getAcquire(), bytesOut.getAcquire());
    }
}
