package io.drover.vmm.net;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import java.io.IOException;

/**
 * A way into a network and out of it. Never waits and allocates nothing. Belongs to one thread from {@link #attach} to
 * {@link #detach}.
 */
public interface FramePort {
    /** Sees to it that what happens to a file wakes the thread that owns the port. */
    @FunctionalInterface
    interface Watch {
        /** On that thread, or before it starts. */
        void changes(FileHandle file) throws IOException;
    }

    /**
     * Whoever calls is the owner, or hands the port on to it.
     *
     * @param watch
     *            after whose wakes {@link #receive} is called until there is nothing, and {@link #flush}
     */
    void attach(Watch watch) throws IOException;

    /** What is under way is lost. */
    void detach();

    /**
     * Takes the next packet, which lies in {@link #buffer} until the next call.
     *
     * @return its bytes with the header: from {@link PacketLayout#HEADER_BYTES} + {@link PacketLayout#MIN_FRAME_BYTES} to
     *         {@link PacketLayout#MAX_PACKET_BYTES}; 0 when there is none
     */
    int receive();

    /** Where packets come to lie. */
    HostBuffer buffer();

    /** Where in the buffer the packet begins that was received last. */
    long position();

    /**
     * Sends a packet, or loses it, as networks do.
     *
     * @param packet
     *            of as many bytes as {@link #receive} returns; its memory stays as it is until all of it is sent
     * @return whether it is done with; else a wake comes, and {@link #flush} goes on
     */
    boolean send(IoVector packet);

    /**
     * Goes on with what could not be sent at once.
     *
     * @return as {@link #send}; true when there is nothing
     */
    boolean flush();
}
