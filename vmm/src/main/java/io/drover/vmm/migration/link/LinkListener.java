package io.drover.vmm.migration.link;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.PassedFile;
import io.drover.vmm.linux.PassedFile.Received;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.UnixListener;
import io.drover.vmm.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The VMM's end: takes the connections that the agent hands over. Owned by one thread at a time. */
public final class LinkListener implements AutoCloseable {
    private static final Duration LOOK_AROUND = Duration.ofMillis(200);
    private static final int BACKLOG = 16;

    private final UnixListener listener;
    private volatile boolean ended;

    private LinkListener(UnixListener listener) {
        this.listener = listener;
    }

    /**
     * Listens from now on.
     *
     * @param path
     *            where this process may make files; gone when this is closed
     */
    public static LinkListener listen(Path path) throws IOException {
        return new LinkListener(UnixListener.listen(path, BACKLOG));
    }

    /**
     * Waits for the agent to hand over all connections.
     *
     * @param stall
     *            the timeout that they get
     * @throws IOException
     *             when it does not in time, or {@link #end} was called
     */
    public List<StreamConnection> accept(int connections, Duration timeout, Duration stall) throws IOException {
        long until = System.nanoTime() + timeout.toNanos();
        List<StreamConnection> accepted = new ArrayList<>();
        try {
            while (accepted.size() < connections) {
                if (ended) {
                    throw new IOException("cancelled");
                }
                if (System.nanoTime() - until >= 0) {
                    throw new IOException(accepted.size() + " connections were handed over within "
                            + timeout.toSeconds() + " s (expected: " + connections + ")");
                }
                Optional<FileHandle> client = listener.accept(LOOK_AROUND);
                if (client.isPresent()) {
                    try (FileHandle agent = client.get()) {
                        accepted.add(StreamConnection.of(receive(agent, until), stall));
                    }
                }
            }
            return accepted;
        } catch (IOException e) {
            for (StreamConnection connection : accepted) {
                connection.close();
            }
            throw e;
        }
    }

    private static FileHandle receive(FileHandle agent, long untilNanos) throws IOException {
        if (!UnixSocket.awaitReadable(agent, Duration.ofNanos(Math.max(0, untilNanos - System.nanoTime())))) {
            throw new IOException("the agent has connected and handed nothing over in time");
        }
        Optional<Received> received = PassedFile.receive(agent);
        if (received.isEmpty() || received.get().file().isEmpty()) {
            throw new IOException("the agent has handed over no connection");
        }
        return received.get().file().get();
    }

    /** Has {@link #accept} come back soon. Any thread. */
    public void end() {
        ended = true;
    }

    @Override
    public void close() {
        listener.close();
    }
}
