package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.GuestPages;
import io.drover.vmm.memory.PageSet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;

/**
 * The receiving end of a stream. Fills memory that begins as zeros, and that nobody else touches. Whatever comes is checked: a
 * peer can make it fail, nothing else. It never lets a guest run; that everything is there is all it says.
 */
public final class StreamReceiver implements AutoCloseable {
    /** How long a peer that was refused may go on sending before it is cut off: it reads why when it is done. */
    private static final Duration DRAIN = Duration.ofSeconds(2);

    private final String name;
    private final GuestMemory memory;
    /** Those that are to come. */
    private final List<ReceivedDisk> disks;
    private final Duration timeout;
    private final List<FrameChannel> channels = new ArrayList<>();
    private final PageSet suspects;
    private final Reception reception;
    private final StateTaker taker;
    private final AtomicReference<StreamException> broken = new AtomicReference<>();
    private volatile boolean finished;

    /**
     * Waits for nothing yet.
     *
     * @param name
     *            of its threads
     * @param memory
     *            zeros, and nobody else's until {@link #receive} has returned
     * @param disks
     *            that come with it, to which nothing was written yet
     * @param connections
     *            1 to 16, all there will be; closed with this
     * @param timeout
     *            as the connections were made with: how long the other side may say nothing
     */
    public StreamReceiver(String name, GuestMemory memory, List<ReceivedDisk> disks,
            List<StreamConnection> connections, Duration timeout, StateTaker taker) {
        if (connections.isEmpty() || connections.size() > Protocol.MAX_CONNECTIONS) {
            throw new IllegalArgumentException("connections of a stream : " + connections.size() + " (expected: 1 to "
                    + Protocol.MAX_CONNECTIONS + ")");
        }
        this.name = name;
        this.memory = memory;
        this.disks = List.copyOf(disks);
        this.timeout = timeout;
        this.taker = taker;
        this.suspects = new PageSet(memory.pages());
        this.reception = new Reception(connections.size());
        for (StreamConnection connection : connections) {
            channels.add(new FrameChannel(connection, timeout));
        }
    }

    /**
     * Receives all there is. When it returns, memory and state are complete, verified and loaded, and the sender was told, if it
     * still listens.
     *
     * @throws StreamException
     *             when that cannot be: memory may hold anything then
     */
    public void receive() throws StreamException {
        List<Thread> threads = new ArrayList<>();
        for (int at = 0; at < channels.size(); at++) {
            FrameChannel channel = channels.get(at);
            threads.add(Thread.ofPlatform().name(name + " stream " + at).start(() -> serve(channel)));
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException expected) {
                    interrupted = true;
                    cancel("interrupted");
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!finished) {
            throw broken.get();
        }
    }

    /** Bytes of pages and disks that came in passes that have ended, those that came twice counted twice. Any thread. */
    public long receivedBytes() {
        return reception.pages() * Protocol.PAGE_BYTES + reception.diskBytes();
    }

    /** Of them, those of disks. Any thread. */
    public long receivedDiskBytes() {
        return reception.diskBytes();
    }

    /** Whether everything is here, verified and loaded. Any thread. */
    public boolean isFinished() {
        return finished;
    }

    /** Ends it because somebody wants so; the sender is told why. Any thread; does nothing after the end. */
    public void cancel(String why) {
        abandon(FailureKind.CANCELLED, why);
    }

    /** Ends it for a reason that lies outside of the stream; the sender is told it. Any thread; does nothing after the end. */
    public void abandon(FailureKind kind, String why) {
        if (!finished) {
            fail(new StreamException(kind, why));
        }
    }

    private void serve(FrameChannel channel) {
        try {
            int index = greet(channel);
            CRC32C digest = new CRC32C();
            Unpacker unpacker = new Unpacker(channel);
            take(channel, index,
                    new PageReceiver(channel, memory, suspects, unpacker, index, channels.size(), digest),
                    new BlockReceiver(channel, reception.awaitDisks(timeout), unpacker, index, channels.size(), digest),
                    digest);
        } catch (StreamException e) {
            refuse(channel, e);
        } catch (RuntimeException e) {
            refuse(channel, new StreamException(FailureKind.FAILED, "receiving failed: " + e));
        }
    }

    private void fail(StreamException failure) {
        if (broken.compareAndSet(null, failure)) {
            reception.end();
            for (FrameChannel channel : channels) {
                channel.connection().endReading();
            }
        }
    }

    /** On the thread of a connection that has come to its end. */
    private void refuse(FrameChannel channel, StreamException failure) {
        if (finished) {
            return;
        }
        if (broken.compareAndSet(null, failure)) {
            reception.end();
            for (FrameChannel other : channels) {
                if (other != channel) {
                    other.connection().endReading();
                }
            }
        }
        StreamException first = broken.get();
        try {
            channel.writeFrame(FrameChannel.text(Protocol.REFUSED, new byte[] {(byte) first.kind().number()},
                    first.getMessage()));
            channel.connection().endWriting();
            // To close a connection with bytes in it that nobody has read would take back what was written.
            channel.drain(DRAIN);
        } catch (StreamException e) {
            // Nobody listens any more.
            channel.connection().end();
        }
        channel.connection().end();
    }

    /** Reads the HELLO and answers it. */
    private int greet(FrameChannel channel) throws StreamException {
        channel.readHeader();
        if (channel.type() != Protocol.HELLO || !channel.isWellFormed()
                || channel.number() != Protocol.HELLO_BYTES) {
            throw damaged("the connection does not begin with a HELLO: type " + channel.type() + ", "
                    + channel.number());
        }
        ByteBuffer hello = ByteBuffer.allocateDirect(Protocol.HELLO_BYTES);
        channel.read(hello, Protocol.HELLO_BYTES);
        if (hello.getLong() != Protocol.MAGIC) {
            throw damaged("the other side is no VMM that migrates");
        }
        int oldest = hello.getShort() & 0xFFFF;
        int newest = hello.getShort() & 0xFFFF;
        if (Protocol.VERSION < oldest || Protocol.OLDEST > newest) {
            throw new StreamException(FailureKind.VERSION, "the sending VMM speaks versions " + oldest + " to " + newest
                    + " of the stream, this one " + Protocol.OLDEST + " to " + Protocol.VERSION
                    + (newest < Protocol.OLDEST ? ": the sender speaks an older version" : ": this one is older")
                    + "; next: bring both hosts to the same release");
        }
        int index = hello.getShort() & 0xFFFF;
        int count = hello.getShort() & 0xFFFF;
        if (count != channels.size() || index >= count) {
            throw damaged("connection " + index + " of " + count + " (expected: of " + channels.size() + ")");
        }
        UUID id = new UUID(hello.getLong(), hello.getLong());
        checkMemory(hello.getLong(), hello.getLong());
        if (hello.getInt() != Protocol.STRIPE_PAGES) {
            throw damaged("other stripes than of " + Protocol.STRIPE_PAGES + " pages");
        }
        reception.greet(index, id);
        if (index == 0) {
            channel.readHeader();
            reception.setDisks(DiskTable.read(channel, disks));
        }
        channel.writeFrame(FrameChannel.frame(Protocol.WELCOME, Math.min(newest, Protocol.VERSION), 0));
        return index;
    }

    private void checkMemory(long pages, long below) throws StreamException {
        long mine = memory.pages();
        long mineBelow = new GuestPages(memory).lowCount();
        if (pages != mine || below != mineBelow) {
            throw new StreamException(FailureKind.MISMATCH, "the sending VM has " + pages + " pages of memory, "
                    + below + " of them below the hole (expected: " + mine + " and " + mineBelow + ")");
        }
    }

    private void take(FrameChannel channel, int index, PageReceiver pages, BlockReceiver blocks, CRC32C digest)
            throws StreamException {
        ByteBuffer passEnd = ByteBuffer.allocateDirect(Protocol.PASS_END_BYTES);
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        while (true) {
            channel.readHeader();
            if (!channel.isWellFormed()) {
                throw damaged("a frame whose header is none");
            }
            switch (channel.type()) {
                case Protocol.PAGES -> pages.takePages(channel.number());
                case Protocol.PACKED -> pages.takePacked(channel.number());
                case Protocol.ZEROS -> pages.takeZeros(channel.number());
                case Protocol.BLOCK -> blocks.takeBlock(channel.number());
                case Protocol.PACKED_BLOCK -> blocks.takePacked(channel.number());
                case Protocol.BLOCK_ZEROS -> blocks.takeZeros(channel.number());
                case Protocol.PASS_END -> {
                    long pass = channel.number();
                    channel.read(passEnd, Protocol.PASS_END_BYTES);
                    pages.endPass(passEnd.getLong(0));
                    blocks.endPass(passEnd.getLong(8));
                    reception.endPass(index, pass, (int) digest.getValue(), pages.pages(), blocks.bytes());
                    if (index == 0) {
                        reception.awaitPass(pass, timeout);
                        channel.writeFrame(FrameChannel.frame(Protocol.PASS_TAKEN, (int) pass, 0));
                    }
                }
                case Protocol.ALIVE -> {
                    if (channel.number() != 0) {
                        throw damaged("a sign of life of " + channel.number() + " bytes (expected: none)");
                    }
                }
                case Protocol.STATE -> {
                    checkFirst(index);
                    takeState(channel, state);
                }
                case Protocol.FINISH -> {
                    checkFirst(index);
                    finish(channel, state.toByteArray());
                    return;
                }
                default -> throw damaged("a frame of type " + channel.type());
            }
        }
    }

    private static void checkFirst(int index) throws StreamException {
        if (index != 0) {
            throw damaged("state over connection " + index + " (expected: 0)");
        }
    }

    private static void takeState(FrameChannel channel, ByteArrayOutputStream state) throws StreamException {
        long bytes = channel.number();
        if (bytes < 1 || bytes > Protocol.STATE_CHUNK_BYTES || state.size() + bytes > Protocol.MAX_STATE_BYTES) {
            throw damaged("state of " + bytes + " bytes behind " + state.size() + " (expected: at most "
                    + Protocol.STATE_CHUNK_BYTES + ", " + Protocol.MAX_STATE_BYTES + " together)");
        }
        ByteBuffer body = ByteBuffer.allocateDirect(Integer.BYTES + (int) bytes);
        channel.read(body, body.capacity());
        byte[] chunk = new byte[(int) bytes];
        int announced = body.getInt();
        body.get(chunk);
        if (StreamSender.crc(chunk, 0, chunk.length) != announced) {
            throw damaged(
                    "checksum of the state does not match what came; next: look at the network between the hosts");
        }
        state.write(chunk, 0, chunk.length);
    }

    private void finish(FrameChannel channel, byte[] state) throws StreamException {
        if (channel.number() != Protocol.FINISH_BYTES) {
            throw damaged("an end of " + channel.number() + " bytes (expected: " + Protocol.FINISH_BYTES + ")");
        }
        ByteBuffer body = ByteBuffer.allocateDirect(Protocol.FINISH_BYTES);
        channel.read(body, Protocol.FINISH_BYTES);
        long digest = reception.digest();
        long suspect = suspects.next(0);
        if (suspect >= 0) {
            throw damaged("checksum of page " + suspect + ", one of " + suspects.count()
                    + ", does not match what came; next: look at the network between the hosts");
        }
        if (body.getLong(0) != digest) {
            throw damaged("digest of all that was sent : " + Long.toHexString(digest) + " (the sender's: "
                    + Long.toHexString(body.getLong(0)) + ")");
        }
        if (body.getInt(8) != state.length || body.getInt(12) != StreamSender.crc(state, 0, state.length)) {
            throw damaged("state of " + state.length + " bytes (the sender's: other " + body.getInt(8) + ")");
        }
        BlockReceiver.flush(disks);
        try {
            taker.take(state);
        } catch (IOException e) {
            throw new StreamException(FailureKind.MISMATCH, "the state cannot be loaded: " + e.getMessage());
        }
        // A cancellation that comes from now on is too late, as it may be that the sender has been told.
        if (!broken.compareAndSet(null, new StreamException(FailureKind.FAILED, "received already"))) {
            throw broken.get();
        }
        finished = true;
        channel.writeFrame(FrameChannel.frame(Protocol.RECEIVED, Protocol.RECEIVED_BYTES, Protocol.RECEIVED_BYTES)
                .putLong(digest));
        for (FrameChannel other : channels) {
            other.connection().endReading();
        }
    }

    private static StreamException damaged(String what) {
        return new StreamException(FailureKind.DAMAGED, what);
    }

    /** When no thread is in here any more. */
    @Override
    public void close() {
        for (FrameChannel channel : channels) {
            channel.connection().close();
        }
    }
}
