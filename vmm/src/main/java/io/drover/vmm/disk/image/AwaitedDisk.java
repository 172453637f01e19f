package io.drover.vmm.disk.image;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.ForwardingDisk;
import java.io.IOException;
import java.util.List;

/**
 * A disk whose image another VMM still has, from which its guest comes. Until {@link #hold} it is open to be looked at, read-only
 * and without a lock, so that nothing can be written; then it is opened anew, locked, and read as it is by then.
 */
public final class AwaitedDisk extends ForwardingDisk {
    private final List<DiskImage> chain;
    private volatile Disk disk;
    private volatile boolean held;

    private AwaitedDisk(List<DiskImage> chain, Disk look) {
        this.chain = chain;
        this.disk = look;
    }

    /**
     * Opens it to be looked at.
     *
     * @param chain
     *            as for {@link DiskImage#open}; nobody writes to it until it is held
     */
    public static AwaitedDisk open(List<DiskImage> chain) throws IOException {
        return new AwaitedDisk(List.copyOf(chain), DiskImage.openToLookAt(chain));
    }

    @Override
    public synchronized void hold() throws IOException {
        if (held) {
            disk.hold();
            return;
        }
        Disk opened = DiskImage.open(chain, false);
        if (opened.size() != disk.size()) {
            long size = opened.size();
            opened.close();
            throw new IOException(chain.getFirst().path() + ": size : " + size + " (expected: " + disk.size()
                    + ", as it was when the guest came)");
        }
        Disk look = disk;
        disk = opened;
        held = true;
        look.close();
    }

    @Override
    public synchronized void release() throws IOException {
        if (held) {
            disk.release();
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
        return false;
    }

    @Override
    public synchronized void close() throws IOException {
        disk.close();
    }

    @Override
    public String toString() {
        return disk.toString();
    }
}
