package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * Pieces of this process's memory that one read or write goes over, in order: an array of struct iovec (readv(2)). Made once and
 * used again and again; nothing here allocates after the constructor but what says so.
 *
 * <p>
 * Whoever adds memory by its address sees to it that it stays mapped while the vector is used; buffers that were added are kept
 * from the garbage collector. Owned by one thread at a time.
 */
public final class IoVector {
    /** The kernel takes no more pieces at once: UIO_MAXIOV of linux/uio.h. */
    public static final int MAX_CAPACITY = 1024;

    /** struct iovec: void *iov_base, size_t iov_len. */
    private static final long ENTRY_BYTES = 16;
    private static final long LENGTH_OFFSET = 8;
    /** All of this process's memory: each use is within a piece that was added. */
    private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final Object NOBODY = new Object();

    private final MemorySegment entries;
    /** Whose memory each piece is. An address alone keeps no buffer alive. */
    private final Object[] owners;
    private final int capacity;
    private int count;
    private long byteCount;

    /**
     * An empty one.
     *
     * @param capacity
     *            the most pieces it holds, from 1 to {@link #MAX_CAPACITY}
     */
    public IoVector(int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("pieces of an I/O vector : " + capacity + " (expected: 1 to "
                    + MAX_CAPACITY + ")");
        }
        this.capacity = capacity;
        this.owners = new Object[capacity];
        this.entries = Arena.ofAuto().allocate(capacity * ENTRY_BYTES, 8);
    }

    /** Forgets all pieces. */
    public void clear() {
        count = 0;
        byteCount = 0;
    }

    /**
     * Appends a piece; an empty one is left out.
     *
     * @param address
     *            of this process, not of the guest
     * @param length
     *            bytes, not negative
     * @throws IllegalStateException
     *             when {@link #isFull}
     */
    public void add(long address, long length) {
        add(address, length, NOBODY);
    }

    private void add(long address, long length, Object owner) {
        if (length < 0) {
            throw new IllegalArgumentException("length of a piece : " + length + " (expected: not negative)");
        }
        if (length == 0) {
            return;
        }
        if (count == capacity) {
            throw new IllegalStateException("I/O vector is full (capacity: " + capacity + ")");
        }
        long entry = count * ENTRY_BYTES;
        entries.set(ValueLayout.JAVA_LONG, entry, address);
        entries.set(ValueLayout.JAVA_LONG, entry + LENGTH_OFFSET, length);
        owners[count] = owner;
        count++;
        byteCount += length;
    }

    /**
     * Appends a part of a direct buffer, whose position and limit do not matter and stay. Allocates a little.
     *
     * @throws IllegalArgumentException
     *             for a buffer on the heap, which moves
     */
    public void add(ByteBuffer buffer, int from, int length) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("buffer is on the heap (expected: a direct one)");
        }
        add(MemorySegment.ofBuffer(buffer.slice(from, length)).address(), length, buffer);
    }

    /** Whether another piece has no place. */
    public boolean isFull() {
        return count == capacity;
    }

    /** The number of pieces. */
    public int count() {
        return count;
    }

    /** The most pieces it holds. */
    public int capacity() {
        return capacity;
    }

    /** Bytes of all pieces together. */
    public long byteCount() {
        return byteCount;
    }

    /**
     * Appends a part of this one to another: the same memory, not a copy of its bytes.
     *
     * @param offset
     *            of the first byte, counted over all pieces
     * @throws IllegalStateException
     *             when {@code into} becomes full; as many places as this has pieces are always enough
     */
    public void slice(long offset, long length, IoVector into) {
        checkRange(offset, length);
        long skip = offset;
        long done = 0;
        for (int index = 0; done < length; index++) {
            long bytes = length(index);
            if (skip >= bytes) {
                skip -= bytes;
                continue;
            }
            long piece = Math.min(length - done, bytes - skip);
            into.add(address(index) + skip, piece, owners[index]);
            done += piece;
            skip = 0;
        }
    }

    /**
     * Fills the buffer, from its position to its limit, with the bytes from {@code offset} on. Its position becomes its limit.
     * Allocates a little.
     */
    public void copyTo(long offset, ByteBuffer target) {
        MemorySegment to = MemorySegment.ofBuffer(target);
        forEachPiece(offset, target.remaining(), (address, done, bytes) -> MemorySegment.copy(MEMORY, address, to, done,
                bytes));
        target.position(target.limit());
    }

    /** Writes what is between the buffer's position and limit to the bytes from {@code offset} on. Allocates a little. */
    public void copyFrom(long offset, ByteBuffer source) {
        MemorySegment from = MemorySegment.ofBuffer(source);
        forEachPiece(offset, source.remaining(), (address, done, bytes) -> MemorySegment.copy(from, done, MEMORY,
                address, bytes));
        source.position(source.limit());
    }

    /** Sets the bytes of the range to zero. Allocates a little. */
    public void clearBytes(long offset, long length) {
        forEachPiece(offset, length, (address, done, bytes) -> MEMORY.asSlice(address, bytes).fill((byte) 0));
    }

    /** The address of the array, for the kernel. */
    long address() {
        return entries.address();
    }

    private interface PieceAction {
        /** Told a piece's address, how many bytes came before it, and how many it has. */
        void on(long address, long done, long bytes);
    }

    private void forEachPiece(long offset, long length, PieceAction action) {
        checkRange(offset, length);
        try {
            long skip = offset;
            long done = 0;
            for (int index = 0; done < length; index++) {
                long bytes = length(index);
                if (skip >= bytes) {
                    skip -= bytes;
                    continue;
                }
                long piece = Math.min(length - done, bytes - skip);
                action.on(address(index) + skip, done, piece);
                done += piece;
                skip = 0;
            }
        } finally {
            // Addresses alone do not keep the memory alive.
            Reference.reachabilityFence(this);
        }
    }

    private long address(int index) {
        return entries.get(ValueLayout.JAVA_LONG, index * ENTRY_BYTES);
    }

    private long length(int index) {
        return entries.get(ValueLayout.JAVA_LONG, index * ENTRY_BYTES + LENGTH_OFFSET);
    }

    private void checkRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > byteCount - length) {
            throw new IllegalArgumentException("range of an I/O vector : " + length + " bytes at " + offset
                    + " (expected: within its " + byteCount + " bytes)");
        }
    }
}
