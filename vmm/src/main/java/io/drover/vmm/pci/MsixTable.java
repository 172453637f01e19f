package io.drover.vmm.pci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedVector;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.MessageInterrupt;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * MSI-X (PCI 3.0, 6.8.2): a table of messages in device memory, each with a mask, and the bits of those that wait for theirs to
 * be taken away. An interrupt that is raised while it is masked is kept, once, and sent when it is not any more.
 *
 * <p>
 * vCPUs write the table, I/O threads raise, all under this object's lock. Raising allocates nothing.
 */
public final class MsixTable {
    static final int CAPABILITY = 0x11;
    static final int ENABLE = 1 << 15;
    static final int FUNCTION_MASK = 1 << 14;
    static final int ENTRY_BYTES = 16;

    private static final int DATA = 8;
    private static final long WORD_BITS = 0xFFFF_FFFFL;

    @GuardedBy("this")
    private final long[] addresses;
    @GuardedBy("this")
    private final int[] data;
    @GuardedBy("this")
    private final boolean[] masked;
    @GuardedBy("this")
    private final boolean[] pending;
    private final MessageInterrupt[] interrupts;
    @GuardedBy("this")
    private boolean enabled;
    @GuardedBy("this")
    private boolean allMasked;
    @GuardedBy("this")
    private boolean released;

    /**
     * All masked, as after a reset.
     *
     * @param vectors
     *            0 to 256
     */
    MsixTable(int vectors, MessageInterrupts source) throws IOException {
        addresses = new long[vectors];
        data = new int[vectors];
        masked = new boolean[vectors];
        pending = new boolean[vectors];
        interrupts = new MessageInterrupt[vectors];
        Arrays.fill(masked, true);
        for (int vector = 0; vector < vectors; vector++) {
            try {
                interrupts[vector] = source.create();
            } catch (IOException e) {
                for (int made = 0; made < vector; made++) {
                    interrupts[made].release();
                }
                throw e;
            }
        }
    }

    public int vectors() {
        return interrupts.length;
    }

    /** Whether the guest has switched MSI-X on; while it has not, interrupts are the pin's business. */
    public synchronized boolean isEnabled() {
        return enabled;
    }

    /**
     * Interrupts the guest, now or when it lets it.
     *
     * @param vector
     *            anything; one that is not there goes nowhere
     * @return false when MSI-X is switched off
     */
    public synchronized boolean raise(int vector) {
        if (!enabled) {
            return false;
        }
        if (vector < interrupts.length) {
            if (allMasked || masked[vector]) {
                pending[vector] = true;
            } else {
                interrupts[vector].raise();
            }
        }
        return true;
    }

    /** The function has gone for good: gives the messages back. What comes after that interrupts nobody. */
    synchronized void release() {
        released = true;
        enabled = false;
        for (MessageInterrupt interrupt : interrupts) {
            interrupt.release();
        }
    }

    /** What the capability's control word says. */
    synchronized void control(int word) {
        enabled = (word & ENABLE) != 0 && !released;
        allMasked = (word & FUNCTION_MASK) != 0;
        for (int vector = 0; vector < interrupts.length; vector++) {
            settle(vector);
        }
    }

    /** After any change: what may be sent is routed, and sent if it waits. */
    @GuardedBy("this")
    private void settle(int vector) {
        if (!enabled || allMasked || masked[vector]) {
            return;
        }
        interrupts[vector].route(addresses[vector], data[vector]);
        if (pending[vector]) {
            pending[vector] = false;
            interrupts[vector].raise();
        }
    }

    /** When nothing raises. */
    synchronized void save(SavedFunction.Builder into) {
        for (int vector = 0; vector < interrupts.length; vector++) {
            into.addVectors(SavedVector.newBuilder().setAddress(addresses[vector]).setData(data[vector])
                    .setMasked(masked[vector]).setPending(pending[vector]));
        }
    }

    /** Makes it what another was; {@link #control} has it work. Before any vCPU runs. */
    synchronized void load(String name, List<SavedVector> saved) throws SavedStateException {
        if (saved.size() != interrupts.length) {
            throw new SavedStateException("saved state: vectors of " + name + " : " + saved.size() + " (expected: "
                    + interrupts.length + ")");
        }
        for (int vector = 0; vector < interrupts.length; vector++) {
            addresses[vector] = saved.get(vector).getAddress() & ~3L;
            data[vector] = saved.get(vector).getData();
            masked[vector] = saved.get(vector).getMasked();
            pending[vector] = saved.get(vector).getPending();
        }
    }

    private synchronized int word(int offset) {
        int vector = offset / ENTRY_BYTES;
        if (vector >= interrupts.length) {
            return 0;
        }
        return switch (offset % ENTRY_BYTES) {
            case 0 -> (int) addresses[vector];
            case 4 -> (int) (addresses[vector] >>> 32);
            case DATA -> data[vector];
            default -> masked[vector] ? 1 : 0;
        };
    }

    private synchronized void setWord(int offset, int value) {
        int vector = offset / ENTRY_BYTES;
        if (vector >= interrupts.length) {
            return;
        }
        switch (offset % ENTRY_BYTES) {
            // Messages are words: the lowest two bits are always zero.
            case 0 -> addresses[vector] = (addresses[vector] & ~WORD_BITS) | (value & WORD_BITS & ~3L);
            case 4 -> addresses[vector] = (addresses[vector] & WORD_BITS) | ((long) value << 32);
            case DATA -> data[vector] = value;
            default -> masked[vector] = (value & 1) != 0;
        }
        // Changing a message that is not masked is not allowed to drivers; here it is a change like any other.
        settle(vector);
    }

    private synchronized int pendingWord(int offset) {
        int word = 0;
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            int vector = offset * Byte.SIZE + bit;
            if (vector < interrupts.length && pending[vector]) {
                word |= 1 << bit;
            }
        }
        return word;
    }

    /** The table as device memory. Only aligned accesses of 4 and 8 bytes write (PCI 3.0, 6.8.2). */
    final class Entries implements IoDevice {
        @Override
        public long read(long offset, int bytes) {
            int at = (int) offset;
            return WordReads.of(word(at & -4), word((at & -4) + 4), at & 3);
        }

        @Override
        public void write(long offset, int bytes, long value) {
            int at = (int) offset;
            if (bytes == Long.BYTES && at % Long.BYTES == 0) {
                setWord(at, (int) value);
                setWord(at + Integer.BYTES, (int) (value >>> 32));
            } else if (bytes == Integer.BYTES && at % Integer.BYTES == 0) {
                setWord(at, (int) value);
            }
        }
    }

    /** The pending bits as device memory: a guest can only read them. */
    final class PendingBits implements IoDevice {
        @Override
        public long read(long offset, int bytes) {
            int at = (int) offset;
            return WordReads.of(pendingWord(at & -4), pendingWord((at & -4) + 4), at & 3);
        }

        @Override
        public void write(long offset, int bytes, long value) {
            // Read-only.
        }
    }

    /** Reads of any size and place from words. */
    private static final class WordReads {
        /**
         * Up to eight bytes; at an odd place the last ones are zero, which only a driver that does what it must not sees.
         *
         * @param skip
         *            bytes of the first word that lie before the access
         */
        static long of(int first, int second, int skip) {
            return ((first & WORD_BITS) | ((long) second << 32)) >>> (8 * skip);
        }
    }
}
