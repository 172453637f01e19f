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

    private LinuxFile(FileHandle handle, Path path) {
        this.handle = handle;
        this.name = path.toString();
    }

    /** Opens an existing file. */
    public static LinuxFile open(Path path, boolean readOnly) throws IOException {
        return new LinuxFile(readOnly ? FileHandle.openReadOnly(path) : FileHandle.open(path), path);
    }

    /** As {@link #open}, and locks it as an image that one may write and several may read, against QEMU too. */
    public static LinuxFile openLocked(Path path, boolean readOnly) throws IOException {
        LinuxFile file = open(path, readOnly);
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
        return new LinuxFile(FileHandle.create(path), path);
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
        handle.setSize(bytes);
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
