package io.drover.vmm.virtio.console;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.virtio.queue.GuestBuffers;
import java.io.IOException;

/** What is at the host's end of a port. Nothing here waits. Owned by the device's I/O thread while a driver uses the port. */
interface HostEnd extends AutoCloseable {
    /** Sees to it that what happens to a file wakes the I/O thread. */
    @FunctionalInterface
    interface Watch {
        /** On that thread, or before it starts. */
        void changes(FileHandle file) throws IOException;
    }

    /** A driver begins. */
    void attach(Watch watch) throws IOException;

    /** The driver is gone, and who was connected to it is disconnected. */
    void detach();

    /** Something happened to a file that is watched. */
    void stir();

    /** Lets in who waits to be connected, if nobody is. */
    void admit();

    /** Whether somebody is connected. */
    boolean isOpen();

    /**
     * Takes what the guest has written, or loses it while nobody is connected.
     *
     * @param offset
     *            of the first byte: 0 to less than there are
     * @return bytes taken; 0 when there is no room now, and a wake comes
     */
    long take(GuestBuffers written, long offset);

    /** Whether {@link #give} is worth a try. */
    boolean mayGive();

    /**
     * Gives what goes to the guest.
     *
     * @param room
     *            of at least a byte
     * @return bytes given, at the start of it; 0 when there is nothing, and a wake comes
     */
    long give(GuestBuffers room);

    @Override
    void close();
}
