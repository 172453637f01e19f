package io.drover.vmm.process;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.drover.proto.vmm.v1.ConsoleOutput;
import io.drover.proto.vmm.v1.Cpuid;
import io.drover.proto.vmm.v1.Done;
import io.drover.proto.vmm.v1.Error;
import io.drover.proto.vmm.v1.Event;
import io.drover.proto.vmm.v1.Reply;
import io.drover.proto.vmm.v1.Request;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.Refusal;
import io.drover.vmm.wire.FrameDecoder;
import io.drover.vmm.wire.FrameEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;

/**
 * One peer. Owned by the server's thread.
 *
 * <p>
 * What the peer has not taken yet is bounded in three ways: its requests are read only while little is waiting for it, console
 * output is taken from the ring only when nothing is, and one that lets events pile up all the same is cut off.
 */
final class ControlConnection {
    /** While more waits for the peer, its requests are not read. */
    private static final int READ_BELOW_BYTES = 64 << 10;
    /** A watcher that lets this much pile up is gone in all but name. */
    private static final int CUT_OFF_BYTES = 1 << 20;
    private static final int CONSOLE_CHUNK_BYTES = 16 << 10;
    private static final int CONSOLE_CHUNKS_AT_ONCE = 16;

    private final SocketChannel channel;
    private final SelectionKey key;
    private VmmControl control;
    private final ControlServer server;
    private final Log log;
    private final FrameDecoder decoder = new FrameDecoder();
    private final Queue<ByteBuffer> unsent = new ArrayDeque<>();
    private long unsentBytes;
    private boolean watching;
    private Optional<ConsoleRing.Reader> console = Optional.empty();
    private byte[] consoleChunk = {};
    /** Set by vCPU threads. */
    private volatile boolean consoleReady;
    private boolean closed;

    ControlConnection(SocketChannel channel, SelectionKey key, VmmControl control, ControlServer server, Log log) {
        this.channel = channel;
        this.key = key;
        this.control = control;
        this.server = server;
        this.log = log;
        key.attach(this);
    }

    /** Requests are for another from now on. */
    void serve(VmmControl next) {
        control = next;
    }

    /** The selector says that the channel can be read or written. */
    void ready() {
        if (closed) {
            return;
        }
        try {
            if (key.isReadable() && channel.read(decoder.space()) < 0) {
                close();
                return;
            }
        } catch (IOException e) {
            log.warn("a control connection ends: " + e.getMessage());
            close();
            return;
        }
        pump();
    }

    /** Goes on with the console, if the guest has printed since it was asked last. */
    void pumpConsole() {
        if (consoleReady) {
            consoleReady = false;
            pump();
        }
    }

    /** Sends an event, if the peer watches. */
    void publish(Event event) {
        if (watching && !closed) {
            send(Reply.newBuilder().setEvent(event).build());
        }
    }

    /** Whether the peer has taken everything. */
    boolean flushed() {
        return unsent.isEmpty();
    }

    /** Also takes it off the server's list. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (console.isPresent()) {
            console.get().close();
        }
        key.cancel();
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("a control connection did not close: " + e);
        }
        server.forget(this);
    }

    private void handleRequests() throws IOException {
        while (!closed && unsentBytes < READ_BELOW_BYTES) {
            Optional<ByteBuffer> frame = decoder.next();
            if (frame.isEmpty()) {
                return;
            }
            Request request;
            try {
                request = Request.parseFrom(frame.get());
            } catch (InvalidProtocolBufferException e) {
                throw new IOException("not a request: " + e.getMessage(), e);
            }
            if (request.getId() == 0) {
                throw new IOException("request id : 0 (expected: not 0)");
            }
            handle(request);
        }
    }

    private void handle(Request request) {
        long id = request.getId();
        switch (request.getRequestCase()) {
            case STATUS -> send(Reply.newBuilder().setId(id).setStatus(control.status().toProto()).build());
            case PAUSE -> control.pause(new Later(id));
            case RESUME -> control.resume(request.getResume().getEpoch(), new Later(id));
            case RENEW_LEASE -> control.renewLease(request.getRenewLease().getEpoch(),
                    request.getRenewLease().getUntilBootNanos(), new Later(id));
            case STOP -> control.stop(new Later(id));
            case POWER_BUTTON -> {
                control.pressPowerButton();
                done(id);
            }
            case BALLOON_TARGET ->
                control.setMemoryTarget(request.getBalloonTarget().getMemoryBytes(), new Later(id));
            case WATCH -> {
                watching = true;
                done(id);
                publish(Event.newBuilder().setStatus(control.status().toProto()).build());
            }
            case ATTACH_CONSOLE -> attach(id, request.getAttachConsole().getSkipScrollback());
            case CONSOLE_INPUT -> {
                byte[] input = request.getConsoleInput().getData().toByteArray();
                if (control.type(input)) {
                    done(id);
                } else {
                    refuse(id, "FAILED", "console input : " + input.length
                            + " bytes (expected: no more than there is room for; the guest has not read what was typed before)");
                }
            }
            case ATTACH_DISK -> {
                try {
                    control.attachDisk(VmmDisk.of(request.getAttachDisk().getDisk()), new Later(id));
                } catch (IOException e) {
                    refuse(id, Refusal.BAD_REQUEST.name(), e.getMessage());
                }
            }
            case ATTACH_NIC -> {
                try {
                    control.attachNic(VmmNic.of(request.getAttachNic().getNic()), new Later(id));
                } catch (IOException e) {
                    refuse(id, Refusal.BAD_REQUEST.name(), e.getMessage());
                }
            }
            case DETACH_DEVICE -> control.detach(request.getDetachDevice().getId(),
                    request.getDetachDevice().getForce(), new Later(id));
            case RESIZE_DISK -> control.resizeDisk(request.getResizeDisk().getId(),
                    request.getResizeDisk().getSizeBytes(), new Later(id));
            case DISK_LIMITS -> control.limitDisk(request.getDiskLimits().getId(),
                    new VmmDisk.Rate(request.getDiskLimits().getBytesPerSecond(),
                            request.getDiskLimits().getOperationsPerSecond()),
                    new Later(id));
            case CPUID -> {
                Cpuid.Builder cpuid = Cpuid.newBuilder();
                for (VmmCpuidEntry entry : control.cpuid()) {
                    cpuid.addEntries(entry.toProto());
                }
                send(Reply.newBuilder().setId(id).setCpuid(cpuid).build());
            }
            case SAVE -> {
                String path = request.getSave().getPath();
                try {
                    if (path.isEmpty()) {
                        throw new InvalidPathException(path, "empty");
                    }
                    control.save(Path.of(path), request.getSave().getResume(), new Later(id));
                } catch (InvalidPathException e) {
                    refuse(id, Refusal.BAD_REQUEST.name(), "path : '" + path + "' (expected: a file's name)");
                }
            }
            case CANCEL_SAVE -> control.cancelSave(new Later(id));
            case RECEIVE_MIGRATION ->
                control.migration().receive(request.getReceiveMigration(), new Later(id));
            case SEND_MIGRATION -> control.migration().send(request.getSendMigration(), new Later(id));
            case SWITCH_MIGRATION -> control.migration().permitSwitch(new Later(id));
            case CANCEL_MIGRATION -> control.migration().cancel(new Later(id));
            case MIGRATION_STATUS -> send(Reply.newBuilder().setId(id)
                    .setMigrationStatus(control.migration().status().toProto()).build());
            case REQUEST_NOT_SET -> refuse(id, "BAD_REQUEST", "a request of no kind that this VMM knows");
        }
    }

    private void attach(long id, boolean skipScrollback) {
        if (console.isPresent()) {
            refuse(id, "BAD_REQUEST", "this connection is attached already (expected: another connection)");
            return;
        }
        consoleChunk = new byte[CONSOLE_CHUNK_BYTES];
        console = Optional.of(control.console().reader(skipScrollback, this::consoleHasMore));
        done(id);
    }

    /** On a vCPU's thread. */
    private void consoleHasMore() {
        consoleReady = true;
        server.wake();
    }

    /** Writes what waits, does what was asked, then fills up with console output, until the peer takes no more. */
    void pump() {
        if (closed) {
            return;
        }
        try {
            flush();
            handleRequests();
            if (closed) {
                return;
            }
            int chunks = 0;
            while (console.isPresent() && unsent.isEmpty()) {
                if (chunks == CONSOLE_CHUNKS_AT_ONCE) {
                    // A guest that prints without end may not keep the other connections waiting.
                    consoleHasMore();
                    break;
                }
                chunks++;
                int length = console.get().read(consoleChunk);
                if (length == 0) {
                    break;
                }
                enqueue(Reply.newBuilder()
                        .setConsoleOutput(ConsoleOutput.newBuilder()
                                .setData(UnsafeByteOperations.unsafeWrap(Arrays.copyOf(consoleChunk, length)))
                                .setLostBytes(console.get().takeLost()))
                        .build());
                flush();
            }
            key.interestOps((unsentBytes < READ_BELOW_BYTES ? SelectionKey.OP_READ : 0)
                    | (unsent.isEmpty() ? 0 : SelectionKey.OP_WRITE));
        } catch (IOException e) {
            log.warn("a control connection ends: " + e.getMessage());
            close();
        }
    }

    private void done(long id) {
        send(Reply.newBuilder().setId(id).setDone(Done.getDefaultInstance()).build());
    }

    private void refuse(long id, String reason, String message) {
        send(Reply.newBuilder().setId(id).setError(Error.newBuilder().setReason(reason).setMessage(message)).build());
    }

    private void send(Reply reply) {
        try {
            enqueue(reply);
            flush();
            if (unsentBytes > CUT_OFF_BYTES) {
                throw new IOException("the peer has not taken " + unsentBytes + " bytes");
            }
            if (!unsent.isEmpty()) {
                key.interestOpsOr(SelectionKey.OP_WRITE);
            }
        } catch (IOException e) {
            log.warn("a control connection ends: " + e.getMessage());
            close();
        }
    }

    private void enqueue(Reply reply) throws IOException {
        ByteBuffer frame = FrameEncoder.encode(reply);
        unsent.add(frame);
        unsentBytes += frame.remaining();
    }

    private void flush() throws IOException {
        for (ByteBuffer frame = unsent.peek(); frame != null; frame = unsent.peek()) {
            unsentBytes -= channel.write(frame);
            if (frame.hasRemaining()) {
                return;
            }
            unsent.remove();
        }
    }

    /** An answer that comes from the machine's thread. */
    private final class Later implements Answer {
        private final long id;

        Later(long id) {
            this.id = id;
        }

        @Override
        public void done() {
            server.execute(() -> {
                if (!closed) {
                    ControlConnection.this.done(id);
                }
            });
        }

        @Override
        public void refused(Refusal reason, String why) {
            server.execute(() -> {
                if (!closed) {
                    refuse(id, reason.name(), why);
                }
            });
        }
    }
}
