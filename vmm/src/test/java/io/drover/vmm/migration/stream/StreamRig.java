package io.drover.vmm.migration.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.TcpSocket;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Two memories, and a stream from one to the other over TCP on loopback, straight or through something in between. */
public final class StreamRig implements AutoCloseable {
    static final byte[] STATE = new byte[100_000];
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    static {
        for (int i = 0; i < STATE.length; i++) {
            STATE[i] = (byte) (i * 31);
        }
    }

    final GuestMemory source;
    final GuestMemory target;
    final StreamSender sender;
    final StreamReceiver receiver;
    final SendRate rate;
    private final Arena arena = Arena.ofShared();
    private final List<byte[]> states = new ArrayList<>();
    private final CompletableFuture<Optional<StreamException>> received = new CompletableFuture<>();
    private Optional<Thread> receiving = Optional.empty();

    /** What a test may change. */
    static final class Builder {
        private int connections = 1;
        private long pages = 512;
        private long targetPages = -1;
        private Optional<Long> cap = Optional.empty();
        private Duration timeout = TIMEOUT;
        private Optional<Wire> wire = Optional.empty();
        private boolean packing;
        private StateTaker taker = state -> {};
        private List<SentDisk> sent = List.of();
        private List<ReceivedDisk> awaited = List.of();

        Builder connections(int count) {
            connections = count;
            return this;
        }

        Builder pages(long count) {
            pages = count;
            return this;
        }

        Builder targetPages(long count) {
            targetPages = count;
            return this;
        }

        Builder cap(long bytesPerSecond) {
            cap = Optional.of(bytesPerSecond);
            return this;
        }

        Builder timeout(Duration duration) {
            timeout = duration;
            return this;
        }

        Builder packing(boolean wanted) {
            packing = wanted;
            return this;
        }

        /** In between. */
        Builder through(Wire between) {
            wire = Optional.of(between);
            return this;
        }

        Builder disks(List<SentDisk> from, List<ReceivedDisk> to) {
            sent = from;
            awaited = to;
            return this;
        }

        Builder taker(StateTaker other) {
            taker = other;
            return this;
        }

        StreamRig build() throws Exception {
            return new StreamRig(this);
        }
    }

    private StreamRig(Builder built) throws Exception {
        source = GuestMemory.of(arena.allocate(built.pages * 4096, 4096));
        target = GuestMemory.of(arena.allocate((built.targetPages < 0 ? built.pages : built.targetPages) * 4096, 4096));
        List<StreamConnection> sending = new ArrayList<>();
        List<StreamConnection> listening = new ArrayList<>();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (FileHandle door = TcpSocket.listen(new InetSocketAddress(loopback, 0), TIMEOUT)) {
            InetSocketAddress address = new InetSocketAddress(loopback, TcpSocket.port(door));
            for (int i = 0; i < built.connections; i++) {
                InetSocketAddress to = built.wire.isPresent() ? built.wire.get().to(address) : address;
                sending.add(StreamConnection.connect(to, built.timeout));
                listening.add(StreamConnection.of(TcpSocket.accept(door), built.timeout));
            }
        }
        rate = new SendRate(built.cap);
        sender = new StreamSender("test", source, built.sent, sending, built.timeout, rate,
                built.packing);
        receiver = new StreamReceiver("test", target, built.awaited, listening, built.timeout, state -> {
            built.taker.take(state);
            states.add(state);
        });
    }

    static Builder rig() {
        return new Builder();
    }

    /** Every page another, but for each eighth, which is zeros. */
    StreamRig fill() throws Exception {
        for (long page = 0; page < source.pages(); page++) {
            if (page % 8 != 7) {
                source.fill(page * 4096, 4096, (byte) (page + 1));
                source.write64(page * 4096 + 100, page * 0x9E37_79B9_7F4A_7C15L);
            }
        }
        return this;
    }

    PageSet all() {
        PageSet all = new PageSet(source.pages());
        all.addAll();
        return all;
    }

    PageSet pages(long... numbers) {
        PageSet set = new PageSet(source.pages());
        for (long number : numbers) {
            set.add(number);
        }
        return set;
    }

    StreamRig receive() {
        receiving = Optional.of(Thread.ofPlatform().name("receiver").start(() -> {
            try {
                receiver.receive();
                received.complete(Optional.empty());
            } catch (StreamException e) {
                received.complete(Optional.of(e));
            } catch (RuntimeException e) {
                received.completeExceptionally(e);
            }
        }));
        return this;
    }

    /** Of memory alone. */
    long sendPass(int pass, PageSet pages) throws StreamException {
        return sender.sendPass(pass, pages, List.of());
    }

    /** Empty when all was received. */
    Optional<StreamException> outcome() throws Exception {
        return received.get(30, TimeUnit.SECONDS);
    }

    void assertArrived() throws Exception {
        assertThat(outcome()).isEmpty();
        assertThat(states).containsExactly(STATE);
        assertSameMemory();
    }

    void assertSameMemory() {
        assertThat(source.regions().getFirst().segment().mismatch(target.regions().getFirst().segment())).isEqualTo(-1);
    }

    /** The failure that a call comes back with. */
    static StreamException failureOf(Call call) {
        try {
            call.run();
        } catch (StreamException e) {
            return e;
        } catch (Exception e) {
            throw new AssertionError("not as a failure of the stream", e);
        }
        throw new AssertionError("it did not fail");
    }

    interface Call {
        void run() throws Exception;
    }

    /** Something between the two ends. */
    public interface Wire {
        InetSocketAddress to(InetSocketAddress receiver) throws SystemCallException;
    }

    @Override
    public void close() {
        sender.cancel("the test is over");
        receiver.cancel("the test is over");
        if (receiving.isPresent()) {
            try {
                assertThat(receiving.get().join(Duration.ofSeconds(30))).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
        sender.close();
        receiver.close();
        arena.close();
    }
}
