package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.GuestPages;
import io.drover.vmm.memory.PageSet;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;

/**
 * The sending end of a stream: pass after pass, then the state, then the end. Calls of one thread wait; {@link #cancel} and the
 * numbers are for any. Once a call has failed, nothing but {@link #close} is of use; nothing here ever stops a guest.
 */
public final class StreamSender implements AutoCloseable {
    private final GuestMemory memory;
    private final List<FrameChannel> channels = new ArrayList<>();
    private final List<ConnectionSender> senders = new ArrayList<>();
    private final List<SentDisk> disks;
    private final AtomicLong diskBytes = new AtomicLong();
    private final SendRate rate;
    private final AtomicReference<StreamException> broken = new AtomicReference<>();
    private final String name;
    private volatile boolean finished;

    /**
     * Says nothing yet.
     *
     * @param name
     *            of its threads
     * @param disks
     *            that are sent with it
     * @param connections
     *            1 to 16; closed with this
     * @param timeout
     *            as the connections were made with: how long the other side may take or say nothing
     * @param packing
     *            whether pages and blocks go packed, if the other side can unpack them
     */
    public StreamSender(String name, GuestMemory memory, List<SentDisk> disks, List<StreamConnection> connections,
            Duration timeout, SendRate rate, boolean packing) {
        if (connections.isEmpty() || connections.size() > Protocol.MAX_CONNECTIONS) {
            throw new IllegalArgumentException("connections of a stream : " + connections.size() + " (expected: 1 to "
                    + Protocol.MAX_CONNECTIONS + ")");
        }
        this.name = name;
        this.memory = memory;
        this.rate = rate;
        this.disks = List.copyOf(disks);
        PageSet sent = new PageSet(memory.pages());
        for (StreamConnection connection : connections) {
            FrameChannel channel = new FrameChannel(connection, timeout);
            channels.add(channel);
            CRC32C digest = new CRC32C();
            Packer packer = new Packer(packing);
            senders.add(new ConnectionSender(channel, packer,
                    new PageSender(channel, new GuestPages(memory), sent, rate, packer, senders.size(),
                            connections.size(), digest),
                    new BlockSender(channel, this.disks, rate, packer, diskBytes, senders.size(), connections.size(),
                            digest),
                    digest));
        }
    }

    /** Greets the other side on all connections, and waits for its welcome. */
    public void open() throws StreamException {
        open(Protocol.OLDEST, Protocol.VERSION);
    }

    /** With other versions, for tests. */
    void open(int oldest, int newest) throws StreamException {
        UUID id = UUID.randomUUID();
        for (int index = 0; index < channels.size(); index++) {
            channels.get(index)
                    .writeFrame(FrameChannel.frame(Protocol.HELLO, Protocol.HELLO_BYTES, Protocol.HELLO_BYTES)
                            .putLong(Protocol.MAGIC)
                            .putShort((short) oldest).putShort((short) newest)
                            .putShort((short) index).putShort((short) channels.size())
                            .putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits())
                            .putLong(memory.pages()).putLong(new GuestPages(memory).lowCount())
                            .putInt(Protocol.STRIPE_PAGES).putInt(0));
        }
        channels.getFirst().writeFrame(DiskTable.frame(disks));
        for (ConnectionSender sender : senders) {
            FrameChannel channel = sender.channel();
            expect(channel, Protocol.WELCOME);
            if (channel.number() < oldest || channel.number() > newest) {
                throw ended(new StreamException(FailureKind.VERSION, "the other side wants version " + channel.number()
                        + " of the stream (expected: " + oldest + " to " + newest + ")"));
            }
            sender.packer().agreed(channel.number());
        }
    }

    /**
     * Sends pages, and waits until the other side has taken them.
     *
     * @param pass
     *            a number for it, 0 or more
     * @param pages
     *            stay in the set
     * @param blocks
     *            of the disks, a set for each, which they stay in
     * @return bytes that were sent, as if nothing were packed
     */
    public long sendPass(int pass, PageSet pages, List<BitSet> blocks) throws StreamException {
        long before = rate.unpackedBytes();
        List<Thread> threads = new ArrayList<>();
        for (int index = 1; index < senders.size(); index++) {
            ConnectionSender sender = senders.get(index);
            threads.add(Thread.ofPlatform().name(name + " stream " + index)
                    .start(() -> sendOn(sender, pass, pages, blocks)));
        }
        sendOn(senders.getFirst(), pass, pages, blocks);
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
        StreamException failure = broken.get();
        if (failure != null) {
            throw reasonOf(failure);
        }
        FrameChannel first = channels.getFirst();
        expect(first, Protocol.PASS_TAKEN);
        if (first.number() != pass) {
            throw damaged("the other side has taken pass " + first.number() + " (expected: " + pass + ")");
        }
        return rate.unpackedBytes() - before;
    }

    /** Of disks, that were sent; zeros too, and what was sent twice counted twice. Any thread. */
    public long diskBytes() {
        return diskBytes.get();
    }

    private void sendOn(ConnectionSender sender, int pass, PageSet pages, List<BitSet> blocks) {
        try {
            sender.send(pass, pages, blocks);
        } catch (StreamException e) {
            fail(e);
        } catch (RuntimeException e) {
            fail(new StreamException(FailureKind.FAILED, "sending failed: " + e));
        }
    }

    /** Tells the other side on all connections that there is nothing to tell. */
    public void keepAlive() throws StreamException {
        for (FrameChannel channel : channels) {
            write(channel, FrameChannel.frame(Protocol.ALIVE, 0, 0));
        }
    }

    /**
     * Sends the state, and waits until the other side says that it has and has loaded everything.
     *
     * @param state
     *            up to 8 MiB
     */
    public void finish(byte[] state) throws StreamException {
        if (state.length > Protocol.MAX_STATE_BYTES) {
            throw new StreamException(FailureKind.FAILED, "state : " + state.length + " bytes (expected: at most "
                    + Protocol.MAX_STATE_BYTES + ")");
        }
        FrameChannel first = channels.getFirst();
        for (int at = 0; at < state.length; at += Protocol.STATE_CHUNK_BYTES) {
            int bytes = Math.min(Protocol.STATE_CHUNK_BYTES, state.length - at);
            write(first, FrameChannel.frame(Protocol.STATE, bytes, Integer.BYTES + bytes)
                    .putInt(crc(state, at, bytes)).put(state, at, bytes));
        }
        long digest = 0;
        for (ConnectionSender sender : senders) {
            digest = Protocol.digest(digest, sender.entries());
        }
        write(first, FrameChannel.frame(Protocol.FINISH, Protocol.FINISH_BYTES, Protocol.FINISH_BYTES)
                .putLong(digest).putInt(state.length).putInt(crc(state, 0, state.length)));
        expect(first, Protocol.RECEIVED);
        ByteBuffer received = ByteBuffer.allocateDirect(Protocol.RECEIVED_BYTES);
        if (first.number() != Protocol.RECEIVED_BYTES) {
            throw damaged("an answer of " + first.number() + " bytes (expected: " + Protocol.RECEIVED_BYTES + ")");
        }
        first.read(received, Protocol.RECEIVED_BYTES);
        if (received.getLong(0) != digest) {
            throw damaged("the other side says that it has got something else than was sent: digest "
                    + Long.toHexString(received.getLong(0)) + " (expected: " + Long.toHexString(digest) + ")");
        }
        finished = true;
    }

    private void write(FrameChannel channel, ByteBuffer frame) throws StreamException {
        try {
            channel.writeFrame(frame);
        } catch (StreamException e) {
            fail(e);
            throw reasonOf(broken.get());
        }
    }

    static int crc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    /** Ends the stream from outside: whoever waits for it comes back with CANCELLED. Any thread; does nothing after the end. */
    public void cancel(String why) {
        if (!finished) {
            fail(new StreamException(FailureKind.CANCELLED, why));
        }
    }

    private void fail(StreamException failure) {
        if (broken.compareAndSet(null, failure)) {
            rate.stop();
            for (FrameChannel channel : channels) {
                channel.connection().endWriting();
            }
            if (failure.kind() == FailureKind.CANCELLED) {
                for (FrameChannel channel : channels) {
                    channel.connection().end();
                }
            }
        }
    }

    /** A stream that was cut has often been refused: then the other side has said why. */
    private StreamException reasonOf(StreamException failure) {
        if (failure.kind() != FailureKind.CUT) {
            return failure;
        }
        for (FrameChannel channel : channels) {
            Optional<StreamException> refusal = refusalOn(channel);
            if (refusal.isPresent()) {
                return refusal.get();
            }
        }
        return failure;
    }

    private static Optional<StreamException> refusalOn(FrameChannel channel) {
        try {
            channel.readHeader();
            while (channel.type() == Protocol.PASS_TAKEN) {
                channel.readHeader();
            }
            return channel.type() == Protocol.REFUSED ? Optional.of(channel.readRefusal()) : Optional.empty();
        } catch (StreamException e) {
            // Then the cut itself is all there is to tell.
            return Optional.empty();
        }
    }

    private void expect(FrameChannel channel, int type) throws StreamException {
        try {
            channel.readHeader();
        } catch (StreamException e) {
            StreamException cancelled = broken.get();
            throw cancelled == null ? ended(e) : cancelled;
        }
        if (channel.type() == Protocol.REFUSED) {
            throw ended(channel.readRefusal());
        }
        if (channel.type() != type || !channel.isWellFormed()) {
            throw damaged("an answer of type " + channel.type() + " (expected: " + type + ")");
        }
    }

    private StreamException damaged(String what) {
        return ended(new StreamException(FailureKind.DAMAGED, what));
    }

    /** Ends the stream for a reason, and gives it back. */
    private StreamException ended(StreamException failure) {
        fail(failure);
        return failure;
    }

    /** When no thread is in here any more. */
    @Override
    public void close() {
        for (FrameChannel channel : channels) {
            channel.connection().close();
        }
    }
}
