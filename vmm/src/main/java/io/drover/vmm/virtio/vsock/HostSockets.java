package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.UnixListener;
import io.drover.vmm.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Where streams begin and end on the host: the VM's socket, and beside it those of whoever serves the guest. */
final class HostSockets implements AutoCloseable {
    /** The most clients that wait for a slot. */
    private static final int BACKLOG = 128;
    /** Behind the path: "_" and a port. */
    private static final int SUFFIX_BYTES = 11;

    private final Path path;
    private final UnixListener listener;

    private HostSockets(Path path, UnixListener listener) {
        this.path = path;
        this.listener = listener;
    }

    /** Refuses a path that is too long, with an {@link IllegalArgumentException}. */
    static void checkPath(Path path) {
        UnixSocket.checkPath(path, SUFFIX_BYTES);
    }

    static HostSockets listen(Path path) throws IOException {
        checkPath(path);
        return new HostSockets(path, UnixListener.listen(path, BACKLOG));
    }

    FileHandle listening() {
        return listener.file();
    }

    /** The next client, if one waits. */
    Optional<FileHandle> accept() throws SystemCallException {
        return listener.accept();
    }

    /**
     * Connects to whoever listens for the guest.
     *
     * @param port
     *            unsigned
     * @return empty when nobody does, or who does has too many waiting
     */
    Optional<FileHandle> connect(int port) {
        try {
            return Optional.of(
                    UnixSocket.connect(path.resolveSibling(path.getFileName() + "_" + Integer.toUnsignedString(port))));
        } catch (SystemCallException refused) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        listener.close();
    }
}
