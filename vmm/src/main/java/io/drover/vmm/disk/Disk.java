package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * What a block device reads and writes.
 *
 * <p>
 * <b>Ranges.</b> Offsets and lengths are bytes, multiples of {@value #SECTOR_BYTES}, within {@link #size}; any other range, and
 * any write to a read-only disk, is refused with an IOException before anything is touched, so that a guest's numbers may be
 * handed on as they are. A range may be empty.
 *
 * <p>
 * <b>Threads.</b> All methods but {@link #close} may be called by several threads at once, and block until their work is done;
 * none needs another thread to make progress. {@code close} is called once, when no other call is under way or comes later. A
 * vector belongs to the call until it returns.
 *
 * <p>
 * <b>Order.</b> A read that begins after a write has returned sees it. Of calls under way at the same time on the same sectors,
 * the outcome is as if they had happened in some order sector by sector; calls on other sectors never matter to each other.
 *
 * <p>
 * <b>Durability.</b> Write-back: what a call did is sure to outlast a crash of the host once a {@code flush} that began after
 * that call had returned has returned itself; before, each of its sectors may have the old contents or the new. Write-through
 * is a flush after each write. Once a flush has failed, what it was to save may be lost for good: later flushes of the same
 * disk go on failing.
 *
 * <p>
 * <b>Failures.</b> An IOException says which file, what and, where a person can do something, what to do. A failed write may
 * have been done in part. The disk stays usable.
 */
public interface Disk extends AutoCloseable {
    /** The smallest unit: every offset and length is a multiple of it. */
    int SECTOR_BYTES = 512;

    /** Bytes. Changes only by {@link #grow}. */
    long size();

    /** Whether every write is refused. */
    boolean readOnly();

    /**
     * Fills all of {@code into} with the bytes from {@code offset} on.
     *
     * @throws IOException
     *             also when part of it could not be read; what is in memory then is not to be used
     */
    void read(long offset, IoVector into) throws IOException;

    /** Writes all of {@code from} to the bytes from {@code offset} on. */
    void write(long offset, IoVector from) throws IOException;

    /** Makes durable what was done before. */
    void flush() throws IOException;

    /**
     * Says that the contents are no longer needed. What can be given back to the host is; the range may read as zeros or as
     * before, part by part, until it is written again.
     */
    void discard(long offset, long length) throws IOException;

    /**
     * As writing zeros, most often faster.
     *
     * @param mayUnmap
     *            whether the space may be given back to the host, so that a later write may find none
     */
    void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException;

    /**
     * Makes the disk larger, while it is used; what is added reads as zeros. Durable when it returns.
     *
     * @param newSize
     *            bytes, a multiple of {@value #SECTOR_BYTES}, not less than now: shrinking would cut off what a guest has
     *            stored
     */
    void grow(long newSize) throws IOException;

    /**
     * What this disk's own image has of it, which an image made anew on top of the same would lack: data, and zeros that hide
     * what lies below. May be asked for while others change the disk.
     *
     * @param offset
     *            within the disk
     * @param maxBytes
     *            the most of interest, at least one
     * @return what begins there
     */
    default Extent extent(long offset, long maxBytes) throws IOException {
        return new Extent(maxBytes, true);
    }

    /**
     * A run of a disk's bytes.
     *
     * @param bytes
     *            at least one
     * @param own
     *            whether the disk's own image has it; else it is what lies below, or zeros
     */
    record Extent(long bytes, boolean own) {}

    /**
     * Makes durable what was done, leaves the image as one that was closed, and lets others have it: every change is refused
     * until {@link #hold}. When no call that changes it is under way.
     */
    default void release() throws IOException {
        flush();
    }

    /**
     * Has the image for itself, after {@link #release}; nobody has changed it in between. Does nothing when it was not released.
     *
     * @throws ImageInUseException
     *             when somebody else has it now: it stays released
     */
    default void hold() throws IOException {
        // It is so.
    }

    /**
     * What tells the image from others, while it is {@linkplain #release released} or was never this process's; the same on every
     * host that has it.
     *
     * @return empty for a disk that is this process's alone
     */
    default OptionalLong releasedFingerprint() throws IOException {
        return OptionalLong.empty();
    }

    /** Makes durable what was done, then lets the files and their locks go, even when it throws. */
    @Override
    void close() throws IOException;
}
