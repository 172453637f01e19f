package io.drover.vmm.virtio.console;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.virtio.queue.GuestBuffers;
import java.io.IOException;
import java.util.function.IntConsumer;

/** The console's end: what the guest prints goes on at once, what is typed waits here until the guest has room. */
public final class Terminal implements HostEnd {
    /** Taken from what is typed before the guest has read it. */
    private static final int TYPED_BYTES = 1024;
    /** Printed or typed in one go. */
    private static final int CHUNK_BYTES = 4096;

    private final IntConsumer output;
    private final Runnable inputRoom;
    private final EventFile typing;
    private final HostBuffer chunk = new HostBuffer(CHUNK_BYTES);
    private final byte[] taken = new byte[TYPED_BYTES];
    @GuardedBy("this")
    private final byte[] typed = new byte[TYPED_BYTES];
    @GuardedBy("this")
    private int typedBytes;
    @GuardedBy("this")
    private boolean refused;

    /**
     * A terminal on which nothing is printed or typed yet.
     *
     * @param output
     *            gets each byte that the guest prints; must return at once
     * @param inputRoom
     *            called under no lock when what {@link #offer} refused could be taken
     */
    public Terminal(IntConsumer output, Runnable inputRoom) throws IOException {
        this.output = output;
        this.inputRoom = inputRoom;
        this.typing = EventFile.create("typing");
    }

    /**
     * Types. Any thread.
     *
     * @return how many bytes were taken, from the start
     */
    public synchronized int offer(byte[] data, int from, int length) {
        int bytes = Math.min(length, TYPED_BYTES - typedBytes);
        System.arraycopy(data, from, typed, typedBytes, bytes);
        typedBytes += bytes;
        refused |= bytes < length;
        typing.ring();
        return bytes;
    }

    /** Prints a byte that did not come through a queue. */
    void print(int octet) {
        output.accept(octet & 0xFF);
    }

    @Override
    public void attach(Watch watch) throws IOException {
        watch.changes(typing.file());
    }

    @Override
    public void detach() {
        // What was typed waits for the next driver.
    }

    @Override
    public void stir() {
        typing.take();
    }

    @Override
    public void admit() {
        // It is there always.
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public long take(GuestBuffers written, long offset) {
        int bytes = (int) Math.min(CHUNK_BYTES, written.bytes() - offset);
        written.copyOut(offset, chunk, 0, bytes);
        for (int i = 0; i < bytes; i++) {
            output.accept(chunk.read8(i));
        }
        return bytes;
    }

    @Override
    public synchronized boolean mayGive() {
        return typedBytes > 0;
    }

    @Override
    public long give(GuestBuffers room) {
        int bytes;
        boolean more;
        synchronized (this) {
            bytes = (int) Math.min(typedBytes, room.bytes());
            System.arraycopy(typed, 0, taken, 0, bytes);
            System.arraycopy(typed, bytes, typed, 0, typedBytes - bytes);
            typedBytes -= bytes;
            more = refused && bytes > 0;
            refused &= !more;
        }
        for (int i = 0; i < bytes; i++) {
            room.write8(i, taken[i]);
        }
        if (more) {
            inputRoom.run();
        }
        return bytes;
    }

    @Override
    public void close() {
        typing.close();
    }
}
