package io.drover.vmm.virtio.queue;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.HostBuffer;

/**
 * Pieces of guest memory, one behind the other, that make up what a request brings or what its answer goes into. How a driver
 * cuts them means nothing (virtio 1.2, 2.6.4), so a device reads and writes at offsets from the start of them all. Every piece
 * is known to be RAM.
 *
 * <p>
 * Filled anew for each chain; owned by the queue's thread.
 */
public final class GuestBuffers {
    private final GuestMemory memory;
    private final long[] addresses;
    private final long[] hostAddresses;
    private final long[] lengths;
    private int count;
    private long bytes;
    /** Of the piece that {@link #pieceAt} found last: how many bytes are before it. */
    private long start;

    GuestBuffers(GuestMemory memory, int capacity) {
        this.memory = memory;
        addresses = new long[capacity];
        hostAddresses = new long[capacity];
        lengths = new long[capacity];
    }

    void clear() {
        count = 0;
        bytes = 0;
    }

    /** Appends a piece; one without bytes is nothing. */
    void add(long address, long length) throws GuestAddressException {
        if (length == 0) {
            return;
        }
        hostAddresses[count] = memory.hostAddress(address, length);
        addresses[count] = address;
        lengths[count] = length;
        count++;
        bytes += length;
    }

    /** All pieces together; less than 4 GiB. */
    public long bytes() {
        return bytes;
    }

    /** How many pieces there are. */
    public int count() {
        return count;
    }

    /** Where in the guest's memory a piece lies. */
    public long guestAddress(int piece) {
        return addresses[piece];
    }

    /**
     * Where in this process a piece lies: for system calls that end before the chain is given back. What such a call has written
     * is told by {@link #markWritten}.
     */
    public long hostAddress(int piece) {
        return hostAddresses[piece];
    }

    /** Bytes of a piece, at least 1. */
    public long length(int piece) {
        return lengths[piece];
    }

    /**
     * Zero-extended.
     *
     * @param offset
     *            0 to {@link #bytes} - 1
     */
    public int read8(long offset) {
        try {
            int piece = pieceAt(offset);
            return memory.read8(addresses[piece] + offset - start);
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece was RAM when it was added", e);
        }
    }

    /**
     * Little endian and zero-extended, wherever it is cut.
     *
     * @param offset
     *            0 to {@link #bytes} - 4
     */
    public int read32(long offset) {
        return (int) read(offset, Integer.BYTES);
    }

    /**
     * Little endian, wherever it is cut.
     *
     * @param offset
     *            0 to {@link #bytes} - 8
     */
    public long read64(long offset) {
        return read(offset, Long.BYTES);
    }

    /**
     * Writes a byte.
     *
     * @param offset
     *            0 to {@link #bytes} - 1
     */
    public void write8(long offset, int value) {
        try {
            int piece = pieceAt(offset);
            memory.write8(addresses[piece] + offset - start, value);
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece was RAM when it was added", e);
        }
    }

    /**
     * Writes bytes.
     *
     * @param offset
     *            0 to {@link #bytes} - the source's length
     */
    public void copyIn(long offset, byte[] source) {
        for (int i = 0; i < source.length; i++) {
            write8(offset + i, source[i]);
        }
    }

    /**
     * Writes a part of a buffer. Allocates nothing.
     *
     * @param offset
     *            0 to {@link #bytes} - {@code length}
     * @param length
     *            at least 1
     */
    public void copyIn(long offset, HostBuffer source, long from, long length) {
        try {
            int piece = pieceAt(offset);
            long at = offset - start;
            long done = 0;
            while (done < length) {
                long part = Math.min(length - done, lengths[piece] - at);
                memory.copyIn(addresses[piece] + at, source, from + done, part);
                done += part;
                at = 0;
                piece++;
            }
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece was RAM when it was added", e);
        }
    }

    /**
     * Reads into a part of a buffer. Allocates nothing.
     *
     * @param offset
     *            0 to {@link #bytes} - {@code length}
     * @param length
     *            at least 1
     */
    public void copyOut(long offset, HostBuffer target, long to, long length) {
        try {
            int piece = pieceAt(offset);
            long at = offset - start;
            long done = 0;
            while (done < length) {
                long part = Math.min(length - done, lengths[piece] - at);
                memory.copyOut(addresses[piece] + at, target, to + done, part);
                done += part;
                at = 0;
                piece++;
            }
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece was RAM when it was added", e);
        }
    }

    /**
     * Notes what was written by {@link #hostAddress}, after it was written and before the chain is given back: it must move with
     * a guest that is migrating.
     *
     * @param offset
     *            of the first byte
     * @param length
     *            0 or more, within the pieces
     */
    public void markWritten(long offset, long length) {
        long skip = offset;
        long left = length;
        for (int piece = 0; left > 0; piece++) {
            long part = Math.min(left, lengths[piece] - skip);
            if (part > 0) {
                memory.markWritten(addresses[piece] + skip, part);
                left -= part;
            }
            skip = Math.max(0, skip - lengths[piece]);
        }
    }

    private long read(long offset, int size) {
        try {
            int piece = pieceAt(offset);
            long at = offset - start;
            if (at + size <= lengths[piece]) {
                long address = addresses[piece] + at;
                return size == Long.BYTES ? memory.read64(address) : memory.read32(address) & 0xFFFF_FFFFL;
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                piece = pieceAt(offset + i);
                value |= (long) memory.read8(addresses[piece] + offset + i - start) << (8 * i);
            }
            return value;
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece was RAM when it was added", e);
        }
    }

    private int pieceAt(long offset) {
        if (offset < 0 || offset >= bytes) {
            throw new IndexOutOfBoundsException("offset " + offset + " (expected: 0 to " + (bytes - 1) + ")");
        }
        start = 0;
        int piece = 0;
        while (offset - start >= lengths[piece]) {
            start += lengths[piece];
            piece++;
        }
        return piece;
    }
}
