package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.EOFException;
import java.io.IOException;
import java.util.OptionalLong;

/** A disk whose bytes are the bytes of a file or block device of the host. Allocates nothing for a request. */
public final class RawDisk implements Disk {
    private final HostFile file;
    private volatile long size;
    private final boolean readOnly;

    private RawDisk(HostFile file, long size, boolean readOnly) {
        this.file = file;
        this.size = size;
        this.readOnly = readOnly;
    }

    /**
     * Takes the file over: it is closed with the disk, or at once when this fails.
     *
     * @throws IOException
     *             also when its size is not a multiple of {@value Disk#SECTOR_BYTES}
     */
    public static RawDisk open(HostFile file, boolean readOnly) throws IOException {
        boolean opened = false;
        try {
            long size = file.size();
            if (size % SECTOR_BYTES != 0) {
                throw new IOException(file.name() + ": size : " + size + " (expected: a multiple of " + SECTOR_BYTES
                        + "); next: truncate --size=%" + SECTOR_BYTES + " " + file.name());
            }
            opened = true;
            return new RawDisk(file, size, readOnly);
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, IoVector into) throws IOException {
        DiskRange.check(offset, into.byteCount(), size);
        long read = file.read(offset, into);
        if (read != into.byteCount()) {
            throw new EOFException(file.name() + " ends after " + (offset + read) + " bytes (expected: " + size
                    + "): it was cut off while in use");
        }
    }

    @Override
    public void write(long offset, IoVector from) throws IOException {
        DiskRange.checkWrite(offset, from.byteCount(), size, readOnly);
        file.write(offset, from);
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            file.flush();
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        DiskRange.checkWrite(offset, length, size, readOnly);
        file.punchHole(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        DiskRange.checkWrite(offset, length, size, readOnly);
        if (!mayUnmap || !file.punchHole(offset, length)) {
            file.zeroRange(offset, length);
        }
    }

    @Override
    public synchronized void grow(long newSize) throws IOException {
        DiskRange.checkGrowth(size, newSize, readOnly);
        file.setSize(newSize);
        file.flush();
        size = newSize;
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        long data = file.nextData(offset);
        return data > offset ? new Extent(Math.min(maxBytes, data - offset), false)
                : new Extent(Math.max(1, Math.min(maxBytes, file.nextHole(offset) - offset)), true);
    }

    @Override
    public OptionalLong releasedFingerprint() throws IOException {
        return ImageFingerprint.ofReleased(file);
    }

    @Override
    public void release() throws IOException {
        flush();
        file.unlock();
    }

    @Override
    public void hold() throws IOException {
        file.lock();
    }

    @Override
    public void close() throws IOException {
        try {
            flush();
        } finally {
            file.close();
        }
    }

    @Override
    public String toString() {
        return file.name();
    }
}
