package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.util.OptionalLong;

/** A disk in front of another, to which goes what it does not do itself. */
public abstract class ForwardingDisk implements Disk {
    /**
     * The one behind it, for one call.
     *
     * @throws IOException
     *             when there is none any more: the call fails with it
     */
    protected abstract Disk behind() throws IOException;

    @Override
    public void read(long offset, IoVector into) throws IOException {
        behind().read(offset, into);
    }

    @Override
    public void write(long offset, IoVector from) throws IOException {
        behind().write(offset, from);
    }

    @Override
    public void flush() throws IOException {
        behind().flush();
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        behind().discard(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        behind().writeZeroes(offset, length, mayUnmap);
    }

    @Override
    public void grow(long newSize) throws IOException {
        behind().grow(newSize);
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return behind().extent(offset, maxBytes);
    }

    @Override
    public OptionalLong releasedFingerprint() throws IOException {
        return behind().releasedFingerprint();
    }

    @Override
    public void release() throws IOException {
        behind().release();
    }

    @Override
    public void hold() throws IOException {
        behind().hold();
    }
}
