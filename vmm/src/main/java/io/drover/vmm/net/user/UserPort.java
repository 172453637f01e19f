package io.drover.vmm.net.user;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Frames over a stream, each behind its length in 4 bytes, big endian: what passt(1) and QEMU's stream netdev speak. Connections
 * come and go; a frame that is sent while there is none is lost.
 *
 * <p>
 * A connection belongs to whoever holds the port, once it has taken it from {@link #arrived}.
 */
final class UserPort implements FramePort, AutoCloseable {
    private static final int LENGTH_BYTES = 4;
    /** A packet's header takes the place of the frame's length, which is shorter. */
    private static final int HEADROOM_BYTES = PacketLayout.HEADER_BYTES - LENGTH_BYTES;
    private static final int BUFFER_BYTES = 128 << 10;
    /** A packet has at most as many pieces as a queue has descriptors, and the length goes before. */
    private static final int MAX_PIECES = IoVector.MAX_CAPACITY;

    private final String name;
    private final Log log;
    private final EventFile arrival;
    /** What nobody has taken yet. */
    private final AtomicReference<Optional<FileHandle>> arrived = new AtomicReference<>(Optional.empty());

    private Optional<FileHandle> connection = Optional.empty();
    private Optional<Watch> watch = Optional.empty();
    private final HostBuffer buffer = new HostBuffer(BUFFER_BYTES);
    private final IoVector in = new IoVector(1);
    /** What was read and not handed out yet: from begin to end. */
    private int begin = HEADROOM_BYTES;
    private int end = HEADROOM_BYTES;
    private int position;
    private final HostBuffer outLength = new HostBuffer(LENGTH_BYTES);
    private IoVector out = new IoVector(MAX_PIECES);
    private IoVector outRest = new IoVector(MAX_PIECES);

    UserPort(String name, Log log) throws IOException {
        this.name = name;
        this.log = log;
        this.arrival = EventFile.create(name + " arrival");
    }

    /** Hands over a connection, which takes the place of the one before. Any thread. */
    void connected(FileHandle socket) {
        discard(arrived.getAndSet(Optional.of(socket)));
        arrival.ring();
    }

    @Override
    public void attach(Watch newWatch) throws IOException {
        newWatch.changes(arrival.file());
        watch = Optional.of(newWatch);
        if (connection.isPresent()) {
            newWatch.changes(connection.get());
        }
    }

    @Override
    public void detach() {
        watch = Optional.empty();
        if (out.count() > 0) {
            // A frame of which only a part was sent: what follows would be taken for the rest.
            lose("the driver was reset within a frame");
        }
    }

    @Override
    public int receive() {
        takeArrival();
        while (connection.isPresent()) {
            int have = end - begin;
            if (have >= LENGTH_BYTES) {
                int frameBytes = buffer.read32BigEndian(begin);
                if (frameBytes < PacketLayout.MIN_FRAME_BYTES || frameBytes > PacketLayout.MAX_FRAME_BYTES) {
                    lose("length of a frame : " + Integer.toUnsignedString(frameBytes) + " (expected: "
                            + PacketLayout.MIN_FRAME_BYTES + " to " + PacketLayout.MAX_FRAME_BYTES + ")");
                    return 0;
                }
                if (have >= LENGTH_BYTES + frameBytes) {
                    return take(frameBytes);
                }
            }
            if (!fill(connection.get())) {
                return 0;
            }
        }
        return 0;
    }

    /** Makes the frame at the beginning a packet: over its length, and over what was handed out before it. */
    private int take(int frameBytes) {
        int frame = begin + LENGTH_BYTES;
        position = frame - PacketLayout.HEADER_BYTES;
        for (int i = 0; i < PacketLayout.HEADER_BYTES; i += Integer.BYTES) {
            buffer.write32(position + i, 0);
        }
        begin = frame + frameBytes;
        return PacketLayout.HEADER_BYTES + frameBytes;
    }

    /** Reads more. False when there is none. */
    private boolean fill(FileHandle socket) {
        if (BUFFER_BYTES - begin < LENGTH_BYTES + PacketLayout.MAX_FRAME_BYTES || begin == end) {
            buffer.move(begin, HEADROOM_BYTES, end - begin);
            end = HEADROOM_BYTES + end - begin;
            begin = HEADROOM_BYTES;
        }
        in.clear();
        in.add(buffer.address() + end, BUFFER_BYTES - end);
        long result = socket.readStream(in);
        if (result > 0) {
            end += (int) result;
            return true;
        }
        if (result == 0 || (result != -Errno.EAGAIN && result != -Errno.EINTR)) {
            lose(result == 0 ? "closed by the other side" : Errno.describe((int) -result));
            return false;
        }
        return result == -Errno.EINTR;
    }

    @Override
    public HostBuffer buffer() {
        return buffer;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public boolean send(IoVector packet) {
        takeArrival();
        if (connection.isEmpty()) {
            return true;
        }
        long frameBytes = packet.byteCount() - PacketLayout.HEADER_BYTES;
        outLength.write32BigEndian(0, (int) frameBytes);
        out.clear();
        out.add(outLength.address(), LENGTH_BYTES);
        packet.slice(PacketLayout.HEADER_BYTES, frameBytes, out);
        return flush();
    }

    @Override
    public boolean flush() {
        takeArrival();
        while (out.count() > 0 && connection.isPresent()) {
            long result = connection.get().writeStream(out);
            if (result == -Errno.EAGAIN) {
                return false;
            }
            if (result == out.byteCount()) {
                out.clear();
            } else if (result >= 0) {
                outRest.clear();
                out.slice(result, out.byteCount() - result, outRest);
                IoVector rest = outRest;
                outRest = out;
                out = rest;
            } else if (result != -Errno.EINTR) {
                lose(Errno.describe((int) -result));
            }
        }
        return true;
    }

    private void takeArrival() {
        if (arrived.get().isEmpty()) {
            return;
        }
        Optional<FileHandle> next = arrived.getAndSet(Optional.empty());
        if (next.isEmpty()) {
            return;
        }
        forget();
        connection = next;
        if (watch.isPresent()) {
            try {
                watch.get().changes(next.get());
            } catch (IOException e) {
                lose(e.getMessage());
            }
        }
    }

    /** Gives the connection up: passt ends with it, and whoever started it sees to another. */
    private void lose(String why) {
        log.warn(name + ": the connection to " + PasstCommand.PROGRAM + " is lost: " + why);
        forget();
    }

    private void forget() {
        discard(connection);
        connection = Optional.empty();
        begin = HEADROOM_BYTES;
        end = HEADROOM_BYTES;
        out.clear();
    }

    private static void discard(Optional<FileHandle> socket) {
        if (socket.isPresent()) {
            socket.get().close();
        }
    }

    /** When it is not attached and no connection comes any more. */
    @Override
    public void close() {
        discard(arrived.getAndSet(Optional.empty()));
        forget();
        arrival.close();
    }
}
