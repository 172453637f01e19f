package io.drover.vmm.console;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/**
 * What was typed and the serial port has not taken yet. Safe for use by several threads; what they type is not mixed within one
 * call.
 */
public final class ConsoleInput {
    /** More than this is not held for a guest that does not read. */
    public static final int MAX_PENDING_BYTES = 64 << 10;

    /** Takes nothing until there is a port. */
    @GuardedBy("this")
    private Sink sink = (data, from, count) -> 0;
    /** From {@link #head}, {@link #length} bytes, wrapping around. */
    @GuardedBy("this")
    private final byte[] pending = new byte[MAX_PENDING_BYTES];
    @GuardedBy("this")
    private int head;
    @GuardedBy("this")
    private int length;

    /** The serial port's side. */
    @FunctionalInterface
    public interface Sink {
        /** Takes as many bytes as there is room for and says how many; {@link ConsoleInput#room} follows when there is more. */
        int offer(byte[] data, int from, int length);
    }

    /** Names the port, which must call {@link #room}. Once. */
    public synchronized void connect(Sink port) {
        sink = port;
    }

    /**
     * Types.
     *
     * @return false when there is no room for all of it; nothing has been taken then
     */
    public synchronized boolean type(byte[] data) {
        if (data.length > pending.length - length) {
            return false;
        }
        int tail = (head + length) % pending.length;
        int first = Math.min(data.length, pending.length - tail);
        System.arraycopy(data, 0, pending, tail, first);
        System.arraycopy(data, first, pending, 0, data.length - first);
        length += data.length;
        room();
        return true;
    }

    /** The port has room for more. Allocates nothing: vCPU threads call it. */
    public synchronized void room() {
        while (length > 0) {
            int contiguous = Math.min(length, pending.length - head);
            int taken = sink.offer(pending, head, contiguous);
            head = (head + taken) % pending.length;
            length -= taken;
            if (taken < contiguous) {
                return;
            }
        }
    }
}
