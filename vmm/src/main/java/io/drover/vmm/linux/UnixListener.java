package io.drover.vmm.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;

/** A Unix socket that clients connect to. Accepting does not wait; owned by one thread at a time. */
public final class UnixListener implements AutoCloseable {
    private final Path path;
    private final FileHandle file;

    private UnixListener(Path path, FileHandle file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Listens from now on, for clients of this process's user.
     *
     * @param path
     *            a socket that is there already is replaced when nobody listens on it any more
     * @param backlog
     *            the most that wait to be accepted
     * @throws IOException
     *             when the socket cannot be made, or somebody listens on it
     */
    public static UnixListener listen(Path path, int backlog) throws IOException {
        FileHandle file;
        try {
            file = UnixSocket.listen(path, backlog);
        } catch (SystemCallException e) {
            if (e.errno() != Errno.EADDRINUSE || !isStale(path)) {
                throw e;
            }
            Files.delete(path);
            file = UnixSocket.listen(path, backlog);
        }
        try {
            // The process's umask keeps others out until the mode is set.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return new UnixListener(path, file);
    }

    /** Whether it is a socket that nobody listens on. */
    private static boolean isStale(Path path) {
        try {
            UnixSocket.connect(path).close();
            return false;
        } catch (SystemCallException e) {
            return e.errno() == Errno.ECONNREFUSED && !Files.isRegularFile(path);
        }
    }

    /**
     * Takes a client that waits.
     *
     * @return its connection, whose reads and writes do not wait; empty when none waits
     * @throws SystemCallException
     *             when this process has no more files for it: it waits on
     */
    public Optional<FileHandle> accept() throws SystemCallException {
        while (true) {
            long accepted = UnixSocket.accept(file);
            if (accepted >= 0) {
                return Optional.of(FileHandle.adopt(path + " client", accepted));
            }
            if (accepted == -Errno.EAGAIN) {
                return Optional.empty();
            }
            if (accepted != -Errno.EINTR && accepted != -Errno.ECONNABORTED) {
                throw new SystemCallException("accept4", path.toString(), (int) -accepted);
            }
        }
    }

    /** As {@link #accept()}, after a client was waited for: empty when none came in time. */
    public Optional<FileHandle> accept(Duration timeout) throws SystemCallException {
        return UnixSocket.awaitReadable(file, timeout) ? accept() : Optional.empty();
    }

    /** To be watched; it is this object's to close. */
    public FileHandle file() {
        return file;
    }

    /** Those who wait are turned away, and the socket is removed. Closing it again does nothing. */
    @Override
    public void close() {
        file.close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException ignored) {
            // It stays behind as a socket that nobody listens on, which the next one replaces.
        }
    }
}
