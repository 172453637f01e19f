package io.drover.vmm.bus;

import java.util.Arrays;

/**
 * An address space of devices: the ports, or the memory-mapped ones. An access goes to the device at its first byte; bytes of
 * it that lie behind that device's end read as ones and are not written. Where no device is, reads are all ones and writes are
 * ignored, as on a PC's bus.
 *
 * <p>
 * Reads and writes allocate nothing and take no lock, since each vCPU thread comes through here on every exit. Devices may be
 * registered at any time.
 */
public final class IoBus {
    private volatile Table table = new Table(new long[0], new long[0], new String[0], new IoDevice[0]);

    /**
     * Puts a device at a range of addresses.
     *
     * @param base
     *            the first address; addresses are unsigned, but no device may lie across 2^63
     * @param length
     *            bytes, at least 1
     * @param name
     *            for messages
     * @throws IllegalArgumentException
     *             when the range is empty, wraps around or overlaps another device, which is named
     */
    public synchronized void register(long base, long length, String name, IoDevice device) {
        if (base < 0 || length <= 0 || base > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("range of " + name + " : " + length + " bytes at 0x"
                    + Long.toHexString(base) + " (expected: at least 1, not past 2^63)");
        }
        Table old = table;
        int other = old.overlapping(base, length);
        if (other >= 0) {
            throw overlap(base, length, name, old, other);
        }
        table = old.with(old.indexOf(base) + 1, base, base + length, name, device);
    }

    /**
     * As {@link #register}, for a range that the guest has chosen.
     *
     * @return false when the range cannot be had; nothing has changed then
     */
    public synchronized boolean offer(long base, long length, String name, IoDevice device) {
        Table old = table;
        if (base < 0 || length <= 0 || base > Long.MAX_VALUE - length || old.overlapping(base, length) >= 0) {
            return false;
        }
        table = old.with(old.indexOf(base) + 1, base, base + length, name, device);
        return true;
    }

    /** Takes away the device that begins at the address; a vCPU that is in it just then ends its access as it began. */
    public synchronized void remove(long base) {
        Table old = table;
        int at = old.indexOf(base);
        if (at < 0 || old.bases[at] != base) {
            throw new IllegalArgumentException(
                    "address 0x" + Long.toHexString(base) + " (expected: where a device begins)");
        }
        table = old.without(at);
    }

    /**
     * Reads from whatever device is at the address.
     *
     * @param bytes
     *            1 to 8
     * @return zero-extended
     */
    public long read(long address, int bytes) {
        Table current = table;
        int index = current.indexOf(address);
        if (index < 0 || address >= current.ends[index]) {
            return mask(bytes);
        }
        int within = (int) Math.min(bytes, current.ends[index] - address);
        long value = current.devices[index].read(address - current.bases[index], within) & mask(within);
        return value | (mask(bytes) & ~mask(within));
    }

    /**
     * Writes to whatever device is at the address.
     *
     * @param bytes
     *            1 to 8
     * @param value
     *            bits above the size are dropped
     */
    public void write(long address, int bytes, long value) {
        Table current = table;
        int index = current.indexOf(address);
        if (index < 0 || address >= current.ends[index]) {
            return;
        }
        int within = (int) Math.min(bytes, current.ends[index] - address);
        current.devices[index].write(address - current.bases[index], within, value & mask(within));
    }

    private static long mask(int bytes) {
        return bytes >= 8 ? -1L : (1L << (8 * bytes)) - 1;
    }

    private static IllegalArgumentException overlap(long base, long length, String name, Table table, int index) {
        return new IllegalArgumentException("range of " + name + " : 0x" + Long.toHexString(base) + " to 0x"
                + Long.toHexString(base + length - 1) + " (expected: free, but " + table.names[index] + " has 0x"
                + Long.toHexString(table.bases[index]) + " to 0x" + Long.toHexString(table.ends[index] - 1) + ")");
    }

    /** Parallel arrays ordered by base; never changed once published. */
    private static final class Table {
        final long[] bases;
        final long[] ends;
        final String[] names;
        final IoDevice[] devices;

        Table(long[] bases, long[] ends, String[] names, IoDevice[] devices) {
            this.bases = bases;
            this.ends = ends;
            this.names = names;
            this.devices = devices;
        }

        /** The last device that begins at or before the address, or -1. */
        int indexOf(long address) {
            int from = 0;
            int to = bases.length;
            while (from < to) {
                int middle = (from + to) >>> 1;
                if (bases[middle] <= address) {
                    from = middle + 1;
                } else {
                    to = middle;
                }
            }
            return from - 1;
        }

        /** A device that has some of the range, or -1. */
        int overlapping(long base, long length) {
            int at = indexOf(base);
            if (at >= 0 && ends[at] > base) {
                return at;
            }
            return at + 1 < bases.length && bases[at + 1] < base + length ? at + 1 : -1;
        }

        Table without(int at) {
            return new Table(closed(bases, at), closed(ends, at), closed(names, at), closed(devices, at));
        }

        private static long[] closed(long[] array, int at) {
            long[] narrower = Arrays.copyOf(array, array.length - 1);
            System.arraycopy(array, at + 1, narrower, at, narrower.length - at);
            return narrower;
        }

        private static <T> T[] closed(T[] array, int at) {
            T[] narrower = Arrays.copyOf(array, array.length - 1);
            System.arraycopy(array, at + 1, narrower, at, narrower.length - at);
            return narrower;
        }

        Table with(int at, long base, long end, String name, IoDevice device) {
            Table wider = new Table(gapped(bases, at), gapped(ends, at), gapped(names, at), gapped(devices, at));
            wider.bases[at] = base;
            wider.ends[at] = end;
            wider.names[at] = name;
            wider.devices[at] = device;
            return wider;
        }

        private static long[] gapped(long[] array, int at) {
            long[] wider = Arrays.copyOf(array, array.length + 1);
            System.arraycopy(array, at, wider, at + 1, array.length - at);
            return wider;
        }

        private static <T> T[] gapped(T[] array, int at) {
            T[] wider = Arrays.copyOf(array, array.length + 1);
            System.arraycopy(array, at, wider, at + 1, array.length - at);
            return wider;
        }
    }
}
