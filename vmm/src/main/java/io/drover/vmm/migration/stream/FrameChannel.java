package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.SystemCallException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/** One connection of a stream: whole reads and writes, with failures as {@link StreamException}. One thread reads, one writes. */
final class FrameChannel {
    private static final long DRAIN_NAP_NANOS = 5_000_000;

    private final StreamConnection connection;
    private final Duration timeout;
    private final ByteBuffer header = ByteBuffer.allocateDirect(Protocol.HEADER_BYTES);
    private final IoVector reading = new IoVector(Protocol.MAX_ENTRIES + 1);
    private final IoVector readRest = new IoVector(Protocol.MAX_ENTRIES + 1);
    private final IoVector writeRest = new IoVector(IoVector.MAX_CAPACITY);
    private final IoVector small = new IoVector(1);
    /** Bytes of the next header that came with what was before it. */
    private int headerAhead;

    FrameChannel(StreamConnection connection, Duration timeout) {
        this.connection = connection;
        this.timeout = timeout;
    }

    /** Reads the next frame's header, for {@link #type} and {@link #number}. */
    void readHeader() throws StreamException {
        reading.clear();
        reading.add(header, headerAhead, Protocol.HEADER_BYTES - headerAhead);
        if (reading.byteCount() > 0) {
            read(reading, reading.byteCount());
        }
        headerAhead = 0;
    }

    int type() {
        return header.getInt(0) >>> 24;
    }

    /** Whether the bytes that must be are zero. */
    boolean isWellFormed() {
        return (header.getInt(0) & 0xFF_FFFF) == 0;
    }

    /** Not negative. */
    long number() {
        return header.getInt(4) & 0xFFFF_FFFFL;
    }

    /** Fills a direct buffer from 0 to {@code bytes}. */
    void read(ByteBuffer into, int bytes) throws StreamException {
        reading.clear();
        reading.add(into, 0, bytes);
        read(reading, bytes);
    }

    /** The vector to fill for {@link #readWithNextHeader}, empty. */
    IoVector newReading() {
        reading.clear();
        return reading;
    }

    /** Fills {@link #newReading}, and as much of the next header as is there. */
    void readWithNextHeader() throws StreamException {
        long wanted = reading.byteCount();
        reading.add(header, 0, Protocol.HEADER_BYTES);
        headerAhead = (int) (read(reading, wanted) - wanted);
    }

    private long read(IoVector vector, long least) throws StreamException {
        long done = 0;
        while (done < least) {
            IoVector left = vector;
            if (done > 0) {
                readRest.clear();
                vector.slice(done, vector.byteCount() - done, readRest);
                left = readRest;
            }
            long result = connection.read(left);
            if (result > 0) {
                done += result;
            } else if (result == 0) {
                throw new StreamException(FailureKind.CUT, connection + ": the other side ended the connection");
            } else if (result != -Errno.EINTR) {
                throw failure("read", (int) -result, "nothing came for ");
            }
        }
        return done;
    }

    /** Writes all of a vector. */
    void write(IoVector vector) throws StreamException {
        long done = 0;
        while (done < vector.byteCount()) {
            IoVector left = vector;
            if (done > 0) {
                writeRest.clear();
                vector.slice(done, vector.byteCount() - done, writeRest);
                left = writeRest;
            }
            long result = connection.write(left);
            if (result >= 0) {
                done += result;
            } else if (result != -Errno.EINTR) {
                throw failure("write", (int) -result, "the other side took nothing for ");
            }
        }
    }

    /** Writes a direct buffer from 0 to {@code bytes}. */
    void write(ByteBuffer from, int bytes) throws StreamException {
        small.clear();
        small.add(from, 0, bytes);
        write(small);
    }

    /** A frame of a few bytes, made in a direct buffer. */
    static ByteBuffer frame(int type, int number, int bodyBytes) {
        return ByteBuffer.allocateDirect(Protocol.HEADER_BYTES + bodyBytes).putInt(type << 24).putInt(number);
    }

    void writeFrame(ByteBuffer frame) throws StreamException {
        write(frame, frame.position());
    }

    /** A frame that is a text, cut to what one holds; {@code before} goes before it. */
    static ByteBuffer text(int type, byte[] before, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] kept = Arrays.copyOf(bytes, Math.min(bytes.length, Protocol.TEXT_BYTES - before.length));
        return frame(type, before.length + kept.length, before.length + kept.length).put(before).put(kept);
    }

    /** The REFUSED frame whose header was read. */
    StreamException readRefusal() throws StreamException {
        ByteBuffer body = readTextBody();
        FailureKind kind = FailureKind.of(body.get() & 0xFF);
        return new StreamException(kind, "the other side refused: " + printable(body));
    }

    private ByteBuffer readTextBody() throws StreamException {
        long bytes = number();
        if (bytes < 1 || bytes > Protocol.TEXT_BYTES) {
            throw new StreamException(FailureKind.DAMAGED, "a refusal of " + bytes + " bytes (expected: 1 to "
                    + Protocol.TEXT_BYTES + ")");
        }
        ByteBuffer body = ByteBuffer.allocateDirect((int) bytes);
        read(body, (int) bytes);
        return body;
    }

    /** Whatever came: it goes into logs. */
    private static String printable(ByteBuffer body) {
        return StandardCharsets.UTF_8.decode(body).toString().replaceAll("\\p{Cntrl}", "?");
    }

    /**
     * Reads and forgets until the other side ends, or for so long. After {@link StreamConnection#endWriting}. Where reading was
     * ended too, a read does not wait, although more comes.
     */
    void drain(Duration longest) throws StreamException {
        long until = System.nanoTime() + longest.toNanos();
        ByteBuffer forgotten = ByteBuffer.allocateDirect(Protocol.STATE_CHUNK_BYTES);
        reading.clear();
        reading.add(forgotten, 0, forgotten.capacity());
        try {
            connection.setTimeout(longest);
        } catch (SystemCallException e) {
            throw new StreamException(FailureKind.CUT, e.getMessage());
        }
        while (System.nanoTime() - until < 0) {
            if (connection.read(reading) <= 0) {
                if (connection.isHungUp()) {
                    return;
                }
                LockSupport.parkNanos(DRAIN_NAP_NANOS);
            }
        }
    }

    private StreamException failure(String call, int errno, String stalled) {
        if (errno == Errno.EAGAIN) {
            return new StreamException(FailureKind.STALLED, connection + ": " + stalled + timeout.toSeconds() + " s");
        }
        return new StreamException(FailureKind.CUT, connection + ": " + call + " failed: " + Errno.describe(errno));
    }

    StreamConnection connection() {
        return connection;
    }
}
