package io.drover.vmm.disk;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Path;

/** A file or block device of the host. Reads and writes allocate nothing, unless the kernel does only a part of one. */
public final class LinuxFile implements HostFile {
    private final FileHandle handle;
    private final String name;
    private volatile boolean canPunch = true;
    private volatile boolean canZero = true;
    private volatile boolean flushFailed;
    private final Path path;
    private final boolean readOnly;
    private final boolean locked;
    private volatile boolean unlocked;

    private LinuxFile(FileHandle handle, Path path, boolean readOnly, boolean locked) {
        this.handle = handle;
        this.name = path.toString();
        this.path = path;
        this.readOnly = readOnly;
        this.locked = locked;
    }

    /** Opens an existing file. */
    public static LinuxFile open(Path path, boolean readOnly) throws IOException {
        return open(path, readOnly, false);
    }

    private static LinuxFile open(Path path, boolean readOnly, boolean locked) throws IOException {
        return new LinuxFile(readOnly ? FileHandle.openReadOnly(path) : FileHandle.open(path), path, readOnly, locked);
    }

    /** As {@link #open}, and locks it as an image that one may write and several may read, against QEMU too. */
    public static LinuxFile openLocked(Path path, boolean readOnly) throws IOException {
        LinuxFile file = open(path, readOnly, true);
        try {
            ImageLock.take(file.handle, path, readOnly);
            return file;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Makes an empty file; fails where there is one. */
    public static LinuxFile create(Path path) throws IOException {
        return new LinuxFile(FileHandle.create(path), path, false, false);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() throws IOException {
        return handle.size();
    }

    @Override
    public long read(long offset, IoVector into) throws IOException {
        long result = handle.read(offset, into);
        return result == into.byteCount() ? result : readOn(offset, into, result);
    }

    /** Goes on after what was not all: a signal, the kernel's limit of 2 GiB a call, or the end of the file. */
    private long readOn(long offset, IoVector into, long first) throws IOException {
        IoVector rest = new IoVector(into.capacity());
        long result = first;
        long done = 0;
        while (result != 0) {
            if (result > 0) {
                done += result;
            } else if (result != -Errno.EINTR) {
                throw failed("preadv", offset, into.byteCount(), result);
            }
            if (done == into.byteCount()) {
                break;
            }
            rest.clear();
            into.slice(done, into.byteCount() - done, rest);
            result = handle.read(offset + done, rest);
        }
        return done;
    }

    @Override
    public void write(long offset, IoVector from) throws IOException {
        checkLocked();
        long result = handle.write(offset, from);
        if (result != from.byteCount()) {
            writeOn(offset, from, result);
        }
    }

    private void writeOn(long offset, IoVector from, long first) throws IOException {
        IoVector rest = new IoVector(from.capacity());
        long result = first;
        long done = 0;
        while (true) {
            if (result > 0) {
                done += result;
            } else if (result != -Errno.EINTR) {
                // pwritev returns 0 for a write of something on no file system that is in order.
                throw failed("pwritev", offset + done, from.byteCount() - done, result == 0 ? -Errno.EIO : result);
            }
            if (done == from.byteCount()) {
                return;
            }
            rest.clear();
            from.slice(done, from.byteCount() - done, rest);
            result = handle.write(offset + done, rest);
        }
    }

    /** After a failure Linux forgets which pages it could not write, so that the next fdatasync would lie. */
    @Override
    public void flush() throws IOException {
        if (flushFailed) {
            throw new IOException(name + ": an earlier flush failed, what it was to save may be lost; next: look at the"
                    + " host's storage, then start the VM anew");
        }
        long result;
        do {
            result = handle.syncData();
        } while (result == -Errno.EINTR);
        if (result < 0) {
            flushFailed = true;
            throw failed("fdatasync", 0, 0, result);
        }
    }

    @Override
    public boolean punchHole(long offset, long length) throws IOException {
        checkLocked();
        if (!canPunch || length == 0) {
            return canPunch;
        }
        long result;
        do {
            result = handle.punchHole(offset, length);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EOPNOTSUPP) {
            canPunch = false;
        } else if (result < 0) {
            throw failed("fallocate(PUNCH_HOLE)", offset, length, result);
        }
        return canPunch;
    }

    @Override
    public void zeroRange(long offset, long length) throws IOException {
        checkLocked();
        if (length == 0) {
            return;
        }
        if (canZero) {
            long result;
            do {
                result = handle.zeroRange(offset, length);
            } while (result == -Errno.EINTR);
            if (result == 0) {
                return;
            }
            if (result != -Errno.EOPNOTSUPP) {
                throw failed("fallocate(ZERO_RANGE)", offset, length, result);
            }
            canZero = false;
        }
        // NFS and others.
        Zeros.write(this, offset, length);
    }

    @Override
    public void setSize(long bytes) throws IOException {
        checkLocked();
        handle.setSize(bytes);
    }

    private void checkLocked() throws IOException {
        if (unlocked) {
            throw new IOException(name + ": was given up for another host's VM (expected: no change before this one"
                    + " goes on)");
        }
    }

    @Override
    public void unlock() throws IOException {
        if (locked && !unlocked) {
            // In this order: nothing is written any more when somebody else may.
            unlocked = true;
            ImageLock.release(handle);
        }
    }

    @Override
    public void lock() throws IOException {
        if (unlocked) {
            ImageLock.take(handle, path, readOnly);
            unlocked = false;
        }
    }

    @Override
    public boolean isLocked() {
        return locked && !unlocked;
    }

    @Override
    public long nextData(long from) throws IOException {
        try {
            return handle.nextData(from);
        } catch (SystemCallException e) {
            return untold(e, from);
        }
    }

    @Override
    public long nextHole(long from) throws IOException {
        try {
            return handle.nextHole(from);
        } catch (SystemCallException e) {
            return untold(e, size());
        }
    }

    /** Block devices and some file systems do not know where holes are. */
    private static long untold(SystemCallException e, long then) throws SystemCallException {
        if (e.errno() == Errno.EINVAL || e.errno() == Errno.EOPNOTSUPP) {
            return then;
        }
        throw e;
    }

    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return name;
    }

    private IOException failed(String call, long offset, long length, long result) {
        int errno = (int) -result;
        IOException cause = new SystemCallException(call, name + ", " + length + " bytes at " + offset, errno);
        return switch (errno) {
            case Errno.ENOSPC ->
                new IOException(name + ": the host's file system is full; next: free space there, or move"
                        + " the file to a larger one", cause);
            case Errno.EDQUOT ->
                new IOException(name + ": the quota of this user is used up; next: free space, or raise"
                        + " the quota", cause);
            case Errno.EFBIG ->
                new IOException(name + ": larger than the host's file system or limit allows; next: raise"
                        + " RLIMIT_FSIZE, or move the file", cause);
            default -> cause;
        };
    }
}
