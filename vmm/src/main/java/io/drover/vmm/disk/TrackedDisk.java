package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A disk that can be copied while it is in use: it notes the blocks that are changed, once each change is done and before whoever
 * asked for it hears of that. So whoever takes a block out and then reads it has what was changed before, and finds it again if
 * it has changed since. While nobody copies, that is one branch for each change.
 */
public final class TrackedDisk extends ForwardingDisk {
    private final Disk disk;
    private volatile Optional<DirtyBlocks> tracking = Optional.empty();
    /** The copier reads under it, so that the disk is not closed under its hands. */
    private final ReadWriteLock copying = new ReentrantReadWriteLock();
    private boolean closed;

    /**
     * Notes nothing yet.
     *
     * @param disk
     *            closed with this
     */
    public TrackedDisk(Disk disk) {
        this.disk = disk;
    }

    /** Begins to note, with nothing. What is changed after this has returned will be found; what is under way may be. */
    public void track() {
        tracking = Optional.of(new DirtyBlocks(disk.size()));
    }

    /** Ends it. */
    public void endTracking() {
        tracking = Optional.empty();
    }

    /** Adds the blocks that were changed since the last time. */
    public void drainChanged(BitSet into) {
        tracking.ifPresent(blocks -> blocks.drainTo(into));
    }

    /**
     * Adds the blocks that the disk's own image has anything of.
     *
     * @throws IOException
     *             also when the disk is closed
     */
    public void addOwn(BitSet into) throws IOException {
        long size = disk.size();
        for (long at = 0; at < size;) {
            long offset = at;
            Extent extent = copied(() -> disk.extent(offset, size - offset));
            if (extent.own()) {
                into.set((int) (at / DirtyBlocks.BLOCK_BYTES),
                        (int) ((at + extent.bytes() - 1) / DirtyBlocks.BLOCK_BYTES) + 1);
            }
            at += extent.bytes();
        }
    }

    /**
     * As {@link #read}, for whoever copies: may be called until the disk is closed, and after.
     *
     * @throws IOException
     *             also when the disk is closed
     */
    public void copy(long offset, IoVector into) throws IOException {
        copied(() -> {
            disk.read(offset, into);
            return true;
        });
    }

    /** As {@link #flush}, for whoever copies: a disk that is closed is durable. */
    public void flushMeanwhile() throws IOException {
        copying.readLock().lock();
        try {
            if (!closed) {
                disk.flush();
            }
        } finally {
            copying.readLock().unlock();
        }
    }

    private interface Call<T> {
        T call() throws IOException;
    }

    private <T> T copied(Call<T> call) throws IOException {
        copying.readLock().lock();
        try {
            if (closed) {
                throw new IOException(disk + ": was taken away");
            }
            return call.call();
        } finally {
            copying.readLock().unlock();
        }
    }

    private void changed(long offset, long length) {
        Optional<DirtyBlocks> blocks = tracking;
        if (blocks.isPresent()) {
            blocks.get().mark(offset, length);
        }
    }

    @Override
    protected Disk behind() {
        return disk;
    }

    @Override
    public long size() {
        return disk.size();
    }

    @Override
    public boolean readOnly() {
        return disk.readOnly();
    }

    @Override
    public void write(long offset, IoVector from) throws IOException {
        try {
            disk.write(offset, from);
        } finally {
            // One that failed may have come half way.
            changed(offset, from.byteCount());
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        try {
            disk.discard(offset, length);
        } finally {
            changed(offset, length);
        }
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        try {
            disk.writeZeroes(offset, length, mayUnmap);
        } finally {
            changed(offset, length);
        }
    }

    @Override
    public void grow(long newSize) throws IOException {
        if (tracking.isPresent()) {
            throw new IOException(
                    disk + ": is being copied to another host, where it has its size already; next: resize it"
                            + " when the migration has ended");
        }
        disk.grow(newSize);
    }

    @Override
    public void close() throws IOException {
        copying.writeLock().lock();
        try {
            closed = true;
        } finally {
            copying.writeLock().unlock();
        }
        disk.close();
    }

    @Override
    public String toString() {
        return disk.toString();
    }
}
