package io.drover.vmm.disk;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A disk that can be taken from whoever uses it: from then on it fails whatever it is asked for, and what it stood for can be
 * closed while its user is still there.
 */
public final class RevocableDisk extends ForwardingDisk {
    private final Disk disk;
    private final boolean readOnly;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean revoked;
    /** Of a disk that is revoked. */
    private volatile long lastSize;

    /**
     * In front of a disk.
     *
     * @param disk
     *            closed by {@link #close}
     */
    public RevocableDisk(Disk disk) {
        this.disk = disk;
        this.readOnly = disk.readOnly();
    }

    /** Every call that begins after this one fails. Any thread; does not wait for those that are under way. */
    public void revoke() {
        lastSize = disk.size();
        revoked = true;
    }

    @Override
    protected Disk behind() throws IOException {
        if (revoked) {
            throw new IOException("the disk was taken from the guest");
        }
        return disk;
    }

    @Override
    public long size() {
        return revoked ? lastSize : disk.size();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public OptionalLong releasedFingerprint() throws IOException {
        return revoked ? OptionalLong.empty() : disk.releasedFingerprint();
    }

    /** Does nothing to one that is revoked: it is closed, or soon will be. */
    @Override
    public void release() throws IOException {
        if (!revoked) {
            disk.release();
        }
    }

    /** As {@link #release}. */
    @Override
    public void hold() throws IOException {
        if (!revoked) {
            disk.hold();
        }
    }

    /** Closes what it stands for, the first time. When no call is under way, and none comes later or it is revoked. */
    @Override
    public void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            disk.close();
        }
    }

    @Override
    public String toString() {
        return disk.toString();
    }
}
