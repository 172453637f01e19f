package io.drover.vmm.console;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The last bytes that the guest printed. One writer, the serial port, never waits; each reader has a place of its own, and one
 * that falls behind by more than the ring's size loses the oldest and is told how many.
 */
public final class ConsoleRing {
    /** What is kept for who attaches later, and what a slow reader may lag. */
    public static final int BYTES = 128 << 10;

    @GuardedBy("this")
    private final byte[] ring = new byte[BYTES];
    /** Bytes printed since the start. */
    @GuardedBy("this")
    private long end;
    /** Whether some reader has read all there was, and wants to hear of more. */
    @GuardedBy("this")
    private boolean anyIdle;
    /** Never changed in place. */
    @GuardedBy("this")
    private Reader[] readers = {};

    /** Hears that there is more to read, on the writer's thread: must return at once. */
    @FunctionalInterface
    public interface Listener {
        void moreOutput();
    }

    /** Adds a byte. Never blocks for longer than a reader copies, and allocates nothing. */
    public void append(byte value) {
        Reader[] waking;
        synchronized (this) {
            ring[(int) (end % BYTES)] = value;
            end++;
            if (!anyIdle) {
                return;
            }
            anyIdle = false;
            waking = readers;
        }
        for (Reader reader : waking) {
            reader.wake();
        }
    }

    /**
     * A reader.
     *
     * @param skipScrollback
     *            begin with what comes from now on, else with the oldest that is kept
     * @param listener
     *            called when there is more after {@link Reader#read} has returned 0
     */
    public synchronized Reader reader(boolean skipScrollback, Listener listener) {
        Reader reader = new Reader(skipScrollback ? end : Math.max(0, end - BYTES), listener);
        Reader[] more = Arrays.copyOf(readers, readers.length + 1);
        more[readers.length] = reader;
        readers = more;
        return reader;
    }

    /** One reader's place. Owned by one thread. */
    public final class Reader {
        private final Listener listener;
        private long position;
        private long lost;
        /** Has read all there was. */
        private volatile boolean idle;

        private Reader(long position, Listener listener) {
            this.position = position;
            this.listener = listener;
        }

        /**
         * Copies what comes next.
         *
         * @return how many bytes; 0 when there are none now
         */
        public int read(byte[] into) {
            synchronized (ConsoleRing.this) {
                long oldest = Math.max(0, end - BYTES);
                if (position < oldest) {
                    lost += oldest - position;
                    position = oldest;
                }
                int length = (int) Math.min(into.length, end - position);
                if (length == 0) {
                    idle = true;
                    anyIdle = true;
                    return 0;
                }
                int from = (int) (position % BYTES);
                int first = Math.min(length, BYTES - from);
                System.arraycopy(ring, from, into, 0, first);
                System.arraycopy(ring, 0, into, first, length - first);
                position += length;
                return length;
            }
        }

        /** Bytes that were overwritten before those that the last {@link #read} gave; asking forgets them. */
        public long takeLost() {
            long taken = lost;
            lost = 0;
            return taken;
        }

        /** Ends the listener's calls, except for one that may be under way. */
        public void close() {
            synchronized (ConsoleRing.this) {
                List<Reader> others = new ArrayList<>(Arrays.asList(readers));
                others.remove(this);
                readers = others.toArray(new Reader[0]);
            }
        }

        private void wake() {
            if (idle) {
                idle = false;
                listener.moreOutput();
            }
        }
    }
}
