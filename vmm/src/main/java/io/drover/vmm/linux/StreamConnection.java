package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A connected stream socket whose reads and writes wait, no longer than a limit. One thread reads and one writes; any may end it.
 */
public final class StreamConnection implements AutoCloseable {
    /** sys/socket.h. */
    private static final long SOL_SOCKET = 1;
    private static final long SO_RCVTIMEO = 20;
    private static final long SO_SNDTIMEO = 21;
    private static final long SHUT_RD = 0;
    private static final long SHUT_WR = 1;
    private static final long SHUT_RDWR = 2;
    /** netinet/in.h, netinet/tcp.h. */
    private static final long IPPROTO_TCP = 6;
    private static final long TCP_NODELAY = 1;
    /** fcntl.h. */
    private static final long F_SETFL = 4;

    private final FileHandle socket;

    private StreamConnection(FileHandle socket) {
        this.socket = socket;
    }

    /**
     * Takes over a socket that is connected.
     *
     * @param timeout
     *            of each read and write, more than 0
     */
    public static StreamConnection of(FileHandle socket, Duration timeout) throws SystemCallException {
        long result = SystemCall.invoke(SystemCall.FCNTL, socket.number(), F_SETFL, 0);
        if (result < 0) {
            throw new SystemCallException("fcntl", socket.toString(), (int) -result);
        }
        StreamConnection connection = new StreamConnection(socket);
        connection.setTimeout(timeout);
        connection.sendAtOnce();
        return connection;
    }

    /** SO_RCVTIMEO and SO_SNDTIMEO: how long a read waits for the first byte, and a write for room. */
    public void setTimeout(Duration timeout) throws SystemCallException {
        setTimeout(socket, timeout);
    }

    static void setTimeout(FileHandle socket, Duration timeout) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(2L * Long.BYTES, Long.BYTES);
            time.set(ValueLayout.JAVA_LONG, 0, timeout.toSeconds());
            time.set(ValueLayout.JAVA_LONG, Long.BYTES, Math.max(timeout.toNanosPart() / 1000, 1));
            for (long option : new long[] {SO_RCVTIMEO, SO_SNDTIMEO}) {
                long result = SystemCall.invoke(SystemCall.SETSOCKOPT, socket.number(), SOL_SOCKET, option,
                        time.address(), time.byteSize(), 0);
                if (result < 0) {
                    throw new SystemCallException("setsockopt", socket + ", a timeout of " + timeout, (int) -result);
                }
            }
        }
    }

    /** TCP_NODELAY; a Unix socket never waits for more and refuses. */
    private void sendAtOnce() {
        try (Arena arena = Arena.ofConfined()) {
            SystemCall.invoke(SystemCall.SETSOCKOPT, socket.number(), IPPROTO_TCP, TCP_NODELAY,
                    arena.allocateFrom(ValueLayout.JAVA_INT, 1).address(), Integer.BYTES, 0);
        }
    }

    /**
     * readv(2), once.
     *
     * @return bytes read, 0 at the end, or the negative error number: -EAGAIN when nothing came in time
     */
    public long read(IoVector into) {
        return socket.readStream(into);
    }

    /**
     * writev(2), once.
     *
     * @return bytes written, or the negative error number: -EAGAIN when there was no room in time, -EPIPE when nobody reads
     */
    public long write(IoVector from) {
        return socket.writeStream(from);
    }

    /** shutdown(2) with SHUT_WR: the other side reads what was written, then the end. */
    public void endWriting() {
        SystemCall.invoke(SystemCall.SHUTDOWN, socket.number(), SHUT_WR, 0);
    }

    /** shutdown(2) with SHUT_RD: whoever waits in {@link #read} reads what has come, then the end. Any thread. */
    public void endReading() {
        SystemCall.invoke(SystemCall.SHUTDOWN, socket.number(), SHUT_RD, 0);
    }

    /** shutdown(2) both ways: whoever waits in here comes back. Any thread. */
    public void end() {
        SystemCall.invoke(SystemCall.SHUTDOWN, socket.number(), SHUT_RDWR, 0);
    }

    /** Whether both sides have ended writing, or it has failed. */
    public boolean isHungUp() {
        return UnixSocket.isHungUp(socket);
    }

    /** The socket, which stays this object's. */
    public FileHandle file() {
        return socket;
    }

    /** connect(2) to an address, over TCP. */
    public static StreamConnection connect(InetSocketAddress address, Duration timeout) throws SystemCallException {
        return of(TcpSocket.connect(address, timeout), timeout);
    }

    /** When no thread is in here any more. */
    @Override
    public void close() {
        socket.close();
    }

    @Override
    public String toString() {
        return socket.toString();
    }
}
