package io.drover.vmm.virtio.console;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.UnixListener;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.virtio.queue.GuestBuffers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A named port's end: a Unix socket that serves one client after the other. A client that will say no more is still told what the
 * guest answers, until it closes.
 */
final class PortSocket implements HostEnd {
    /** Clients that wait until the one before them goes. */
    private static final int BACKLOG = 4;
    private static final long MAX_BYTES = 64 << 10;

    private final UnixListener listener;
    private final IoVector whole = new IoVector(ConsoleDevice.QUEUE_SIZE);
    private final IoVector part = new IoVector(ConsoleDevice.QUEUE_SIZE);
    private Watch watch = file -> {};
    private Optional<FileHandle> client = Optional.empty();
    private boolean readable;
    /** The client says no more. */
    private boolean clientDone;

    private PortSocket(UnixListener listener) {
        this.listener = listener;
    }

    static PortSocket listen(Path path) throws IOException {
        return new PortSocket(UnixListener.listen(path, BACKLOG));
    }

    @Override
    public void attach(Watch newWatch) throws IOException {
        watch = newWatch;
        newWatch.changes(listener.file());
    }

    @Override
    public void detach() {
        watch = file -> {};
        disconnect();
    }

    @Override
    public void stir() {
        readable = true;
        if (clientDone && client.isPresent() && UnixSocket.isHungUp(client.get())) {
            disconnect();
        }
    }

    @Override
    public void admit() {
        if (client.isPresent()) {
            return;
        }
        try {
            client = listener.accept();
            if (client.isPresent()) {
                readable = true;
                watch.changes(client.get());
            }
        } catch (IOException tooManyFiles) {
            // One that waits is let in after the next wake; one that cannot be watched is turned away.
            disconnect();
        }
    }

    @Override
    public boolean isOpen() {
        return client.isPresent();
    }

    @Override
    public long take(GuestBuffers written, long offset) {
        if (client.isEmpty()) {
            return written.bytes() - offset;
        }
        describe(written, offset, written.bytes() - offset);
        long result = client.get().writeStream(part);
        if (result >= 0) {
            return result;
        }
        if (result == -Errno.EAGAIN) {
            return 0;
        }
        if (result == -Errno.EINTR) {
            return take(written, offset);
        }
        disconnect();
        return written.bytes() - offset;
    }

    @Override
    public boolean mayGive() {
        return client.isPresent() && readable && !clientDone;
    }

    @Override
    public long give(GuestBuffers room) {
        if (!mayGive()) {
            return 0;
        }
        describe(room, 0, room.bytes());
        long result = client.get().readStream(part);
        if (result > 0) {
            room.markWritten(0, result);
            return result;
        }
        if (result == 0) {
            clientDone = true;
            stir();
        } else if (result == -Errno.EAGAIN) {
            readable = false;
        } else if (result != -Errno.EINTR) {
            disconnect();
        }
        return 0;
    }

    private void describe(GuestBuffers buffers, long offset, long bytes) {
        whole.clear();
        for (int piece = 0; piece < buffers.count(); piece++) {
            whole.add(buffers.hostAddress(piece), buffers.length(piece));
        }
        part.clear();
        whole.slice(offset, Math.min(bytes, MAX_BYTES), part);
    }

    private void disconnect() {
        if (client.isPresent()) {
            client.get().close();
        }
        client = Optional.empty();
        clientDone = false;
    }

    @Override
    public void close() {
        disconnect();
        listener.close();
    }
}
