package io.drover.vmm.client;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.AttachConsoleRequest;
import io.drover.proto.vmm.v1.AttachDiskRequest;
import io.drover.proto.vmm.v1.AttachNicRequest;
import io.drover.proto.vmm.v1.BalloonTargetRequest;
import io.drover.proto.vmm.v1.CancelSaveRequest;
import io.drover.proto.vmm.v1.ConsoleInputRequest;
import io.drover.proto.vmm.v1.ConsoleOutput;
import io.drover.proto.vmm.v1.CpuidRequest;
import io.drover.proto.vmm.v1.DetachDeviceRequest;
import io.drover.proto.vmm.v1.DiskLimitsRequest;
import io.drover.proto.vmm.v1.Event;
import io.drover.proto.vmm.v1.PauseRequest;
import io.drover.proto.vmm.v1.PowerButtonRequest;
import io.drover.proto.vmm.v1.RenewLeaseRequest;
import io.drover.proto.vmm.v1.Reply;
import io.drover.proto.vmm.v1.Request;
import io.drover.proto.vmm.v1.ResizeDiskRequest;
import io.drover.proto.vmm.v1.ResumeRequest;
import io.drover.proto.vmm.v1.SaveRequest;
import io.drover.proto.vmm.v1.StatusRequest;
import io.drover.proto.vmm.v1.SwitchMigrationRequest;
import io.drover.proto.vmm.v1.ReceiveMigrationRequest;
import io.drover.proto.vmm.v1.MigrationStatusRequest;
import io.drover.proto.vmm.v1.CancelMigrationRequest;
import io.drover.proto.vmm.v1.StopRequest;
import io.drover.proto.vmm.v1.WatchRequest;
import io.drover.vmm.wire.FrameDecoder;
import io.drover.vmm.wire.FrameEncoder;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection to one VMM process over its control socket (vmm.proto). Safe for use by several threads; calls block, which
 * virtual threads are for. Once the connection is lost every call fails: connect again.
 *
 * <p>
 * Calls throw {@link VmmRefusedException} when the VMM said no, and {@link IOException} when it cannot be known what it did:
 * the connection broke or no answer came in time.
 */
public final class VmmClient implements Closeable {
    private final Path socket;
    private final Duration timeout;
    private final SocketChannel channel;
    private final Thread reader;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, CompletableFuture<Reply>> waiting = new ConcurrentHashMap<>();
    private final AtomicReference<Optional<VmmListener>> listener = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<ConsoleListener>> console = new AtomicReference<>(Optional.empty());
    private final ReentrantLock writing = new ReentrantLock();
    private volatile Optional<IOException> lost = Optional.empty();

    private VmmClient(Path socket, Duration timeout, SocketChannel channel) {
        this.socket = socket;
        this.timeout = timeout;
        this.channel = channel;
        this.reader = Thread.ofVirtual().name("vmm-client " + socket).unstarted(this::read);
    }

    /**
     * Connects.
     *
     * @param socket
     *            the VMM's control socket
     * @param timeout
     *            how long each later call waits for its answer
     * @throws IOException
     *             when no VMM listens there
     */
    public static VmmClient connect(Path socket, Duration timeout) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw new IOException("no VMM listens on " + socket + ": " + e.getMessage(), e);
        }
        VmmClient client = new VmmClient(socket, timeout, channel);
        client.reader.start();
        return client;
    }

    public VmmStatus status() throws IOException, VmmRefusedException {
        Reply reply = call("status", request().setStatus(StatusRequest.getDefaultInstance()));
        return VmmStatus.of(reply.getStatus());
    }

    /** Returns when every vCPU is out of the guest. Pausing a paused VM does nothing. */
    public void pause() throws IOException, VmmRefusedException {
        call("pause", request().setPause(PauseRequest.getDefaultInstance()));
    }

    /**
     * Lets the guest run; twice is as once.
     *
     * @param epoch
     *            the VMM's own, which it was started with. A higher one ends a migration's hand-off, and is the VMM's own from
     *            then on: for the source from CONVERGED on, whose stream ends and whose guest runs on here, and for a destination
     *            that has RECEIVED its guest. A guest that needs a lease needs one of that epoch then, which can be given as soon
     *            as this has returned. Any other is refused with WRONG_EPOCH
     * @throws VmmRefusedException
     *             DISK_IN_USE when another VM or host still has a disk that was shared for a migration: ask again
     */
    public void resume(long epoch) throws IOException, VmmRefusedException {
        call("resume", request().setResume(ResumeRequest.newBuilder().setEpoch(epoch)));
    }

    /**
     * Lets the guest run for longer: this host owned the VM under that epoch when that was last known for certain.
     *
     * @param epoch
     *            another than the VMM's own is refused with WRONG_EPOCH; after a higher one the VMM does not run the guest any
     *            more, unless a {@link #resume} at the end of a hand-off gives it that one or a higher one
     * @param untilBootNanos
     *            on {@link HostClock}: how long the guest may run without hearing more; at most ten minutes from now, and refused
     *            when it is over already
     */
    public void renewLease(long epoch, long untilBootNanos) throws IOException, VmmRefusedException {
        call("renew lease", request()
                .setRenewLease(RenewLeaseRequest.newBuilder().setEpoch(epoch).setUntilBootNanos(untilBootNanos)));
    }

    /** Ends the VM without asking the guest. The process ends soon after this returns. */
    public void stop() throws IOException, VmmRefusedException {
        call("stop", request().setStop(StopRequest.getDefaultInstance()));
    }

    /** Presses the power button: a guest that listens shuts down by itself. */
    public void powerButton() throws IOException, VmmRefusedException {
        call("power button", request().setPowerButton(PowerButtonRequest.getDefaultInstance()));
    }

    /**
     * Asks the guest to do with less memory, or lets it have more; returns when it has been asked.
     *
     * @param guestBytes
     *            what it is to be left with: whole pages, at most the VM's memory. A VM without a balloon refuses
     */
    public void setMemoryTarget(long guestBytes) throws IOException, VmmRefusedException {
        call("memory target",
                request().setBalloonTarget(BalloonTargetRequest.newBuilder().setMemoryBytes(guestBytes)));
    }

    /**
     * Begins to hear of the VMM's changes; its first is the state as it is.
     *
     * @throws IllegalStateException
     *             when this client watches already
     */
    public void watch(VmmListener newListener) throws IOException, VmmRefusedException {
        if (!listener.compareAndSet(Optional.empty(), Optional.of(newListener))) {
            throw new IllegalStateException("this client watches already : " + socket);
        }
        call("watch", request().setWatch(WatchRequest.getDefaultInstance()));
    }

    /**
     * Begins to get what the guest prints.
     *
     * @param skipScrollback
     *            only what comes from now on, else also what was kept: at least the last 64 KiB
     * @throws IllegalStateException
     *             when this client is attached already
     */
    public void attachConsole(boolean skipScrollback, ConsoleListener newConsole)
            throws IOException, VmmRefusedException {
        if (!console.compareAndSet(Optional.empty(), Optional.of(newConsole))) {
            throw new IllegalStateException("this client is attached already : " + socket);
        }
        call("attach console",
                request().setAttachConsole(AttachConsoleRequest.newBuilder().setSkipScrollback(skipScrollback)));
    }

    /**
     * Types into the guest's console. Needs no attachment.
     *
     * @param data
     *            at most 64 KiB in one call; more than the guest has read and the VMM can hold is refused whole
     */
    public void consoleInput(byte[] data) throws IOException, VmmRefusedException {
        call("console input",
                request().setConsoleInput(ConsoleInputRequest.newBuilder().setData(ByteString.copyFrom(data))));
    }

    /**
     * Gives the guest one more disk, which it can find when this returns; one that is there with these settings stays.
     *
     * @param disk
     *            with an id
     * @throws VmmRefusedException
     *             CONFLICT when another device has the id; BUSY while one is still being closed, ask again
     */
    public void attachDisk(VmmDisk disk) throws IOException, VmmRefusedException {
        call("attach disk", request().setAttachDisk(AttachDiskRequest.newBuilder().setDisk(disk.toProto())));
    }

    /** As {@link #attachDisk}, for a nic. */
    public void attachNic(VmmNic nic) throws IOException, VmmRefusedException {
        call("attach nic", request().setAttachNic(AttachNicRequest.newBuilder().setNic(nic.toProto())));
    }

    /**
     * Asks the guest to let go of a device, and returns when it was asked. The device is gone when {@link #status} has it no
     * more. A guest may never answer, or not have listened yet: ask again every few seconds. {@link #attachDisk} takes it back.
     *
     * @param force
     *            take it without waiting for the guest, which loses what it has not written
     */
    public void detach(String id, boolean force) throws IOException, VmmRefusedException {
        call("detach", request().setDetachDevice(DetachDeviceRequest.newBuilder().setId(id).setForce(force)));
    }

    /** Makes a disk larger, and tells the guest; does nothing when it has that size. */
    public void resizeDisk(String id, long sizeBytes) throws IOException, VmmRefusedException {
        call("resize disk", request().setResizeDisk(ResizeDiskRequest.newBuilder().setId(id).setSizeBytes(sizeBytes)));
    }

    /**
     * Sets how fast a disk may be used, which holds when this returns, also for what the guest waits for; does nothing when it is
     * so already.
     *
     * @throws VmmRefusedException
     *             BAD_REQUEST by a VMM of an earlier release as well, which does not know of this
     */
    public void limitDisk(String id, VmmDisk.Rate rate) throws IOException, VmmRefusedException {
        call("limit disk", request().setDiskLimits(DiskLimitsRequest.newBuilder().setId(id)
                .setBytesPerSecond(rate.bytesPerSecond()).setOperationsPerSecond(rate.operationsPerSecond())));
    }

    /** What the guest's vCPU 0 is shown by CPUID. */
    public List<VmmCpuidEntry> cpuid() throws IOException, VmmRefusedException {
        Reply reply = call("cpuid", request().setCpuid(CpuidRequest.getDefaultInstance()));
        return reply.getCpuid().getEntriesList().stream().map(VmmCpuidEntry::of).toList();
    }

    /**
     * Pauses the VM and writes it into a file, but for its disks, which are flushed; returns when the file is whole and
     * durable. Its progress comes to whoever {@link #watch watches}. When it fails a VM that was running runs on.
     *
     * @param file
     *            not there yet, as the VMM sees it: in a folder that it may write
     * @param resume
     *            let a VM run on that was running; else it stays paused
     * @param saveTimeout
     *            for all of it; afterwards it may still come to an end, unless it is {@link #cancelSave cancelled}
     * @throws VmmRefusedException
     *             CANCELLED when it was cancelled; BUSY while another is under way
     */
    public void save(Path file, boolean resume, Duration saveTimeout) throws IOException, VmmRefusedException {
        call("save", request().setSave(SaveRequest.newBuilder().setPath(file.toString()).setResume(resume)),
                saveTimeout);
    }

    /** Ends a {@link #save} that is under way, and returns before it has ended. */
    public void cancelSave() throws IOException, VmmRefusedException {
        call("cancel save", request().setCancelSave(CancelSaveRequest.getDefaultInstance()));
    }

    /**
     * Has a VMM that was started as {@link VmmSettings#incoming} receive its guest; returns when it listens at {@code link}
     * for the connections, which {@link MigrationDoor#admit} hands over. What comes of it is told to whoever {@link #watch
     * watches}, and by {@link #migration}: PREPARING, WAITING, RECEIVING, then RECEIVED or FAILED. The guest does not run:
     * once it was RECEIVED, {@link #resume} lets it, and before that resume is refused. A VMM that has FAILED is of no more use.
     *
     * @param link
     *            a file of the VMM's run folder that is not there, at most 107 bytes long
     * @param connections
     *            1 to 16, as the source's
     * @param stall
     *            how long the source may say nothing
     * @throws VmmRefusedException
     *             FAILED when it was not started so, or receives already
     */
    public void receiveMigration(Path link, int connections, Duration stall) throws IOException, VmmRefusedException {
        receiveMigration(link, connections, stall, List.of());
    }

    /**
     * As the other, with the content of some disks.
     *
     * @param mirroredDisks
     *            ids, as the source is told them: each has an empty image here, of the same size and on the same backing image.
     *            All others' images are the source's too, and are this VMM's from {@link #resume} on
     */
    public void receiveMigration(Path link, int connections, Duration stall, List<String> mirroredDisks)
            throws IOException, VmmRefusedException {
        call("receive migration", request().setReceiveMigration(ReceiveMigrationRequest.newBuilder()
                .setLinkPath(link.toString()).setConnections(connections).setStallMillis(stall.toMillis())
                .addAllMirroredDisks(mirroredDisks)));
    }

    /**
     * Has a VMM send its guest; returns when it listens at {@code link} for the connections, which {@link MigrationLink#connect}
     * hands over. What comes of it is told as by {@link #receiveMigration}: CONNECTING, COPYING, CONVERGED (and perhaps COPYING
     * again), and after {@link #switchMigration} SWITCHING, then SENT or FAILED. Whatever happens before SWITCHING, the guest
     * runs on. From SWITCHING on it stands still until {@link #resume}, which is for whoever knows that it runs nowhere else.
     *
     * @param link
     *            as for {@link #receiveMigration}
     * @throws VmmRefusedException
     *             BUSY while one is under way; BAD_REQUEST for options that cannot be
     */
    public void sendMigration(Path link, VmmSendOptions options) throws IOException, VmmRefusedException {
        call("send migration", request().setSendMigration(options.toProto(link)));
    }

    /**
     * Permits the switch of a guest that has been CONVERGED, as soon as it is so again; returns at once.
     *
     * @throws VmmRefusedException
     *             FAILED when it never was, or the migration has ended
     */
    public void switchMigration() throws IOException, VmmRefusedException {
        call("switch migration", request().setSwitchMigration(SwitchMigrationRequest.getDefaultInstance()));
    }

    /**
     * Ends a migration at this end; the other notices. Returns at once: it has ended when its phase is FAILED.
     *
     * @throws VmmRefusedException
     *             FAILED when it has ended, or there is none: a guest that was SENT or RECEIVED stays so
     */
    public void cancelMigration() throws IOException, VmmRefusedException {
        call("cancel migration", request().setCancelMigration(CancelMigrationRequest.getDefaultInstance()));
    }

    /** How far the last migration has come, at this end. */
    public VmmMigration migration() throws IOException, VmmRefusedException {
        return VmmMigration.of(call("migration status",
                request().setMigrationStatus(MigrationStatusRequest.getDefaultInstance())).getMigrationStatus());
    }

    /** Ends the connection, which does nothing to the VM. Returns when the reader thread has ended, unless called on it. */
    @Override
    public void close() throws IOException {
        channel.close();
        if (!Thread.currentThread().equals(reader)) {
            try {
                reader.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("closing the connection to " + socket).initCause(e);
            }
        }
    }

    private Request.Builder request() {
        return Request.newBuilder().setId(lastId.incrementAndGet());
    }

    private Reply call(String what, Request.Builder builder) throws IOException, VmmRefusedException {
        return call(what, builder, timeout);
    }

    private Reply call(String what, Request.Builder builder, Duration deadline)
            throws IOException, VmmRefusedException {
        Request request = builder.build();
        CompletableFuture<Reply> answer = new CompletableFuture<>();
        waiting.put(request.getId(), answer);
        try {
            if (lost.isPresent()) {
                throw gone(what, lost.get());
            }
            send(FrameEncoder.encode(request));
            Reply reply = answer.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
            if (reply.hasError()) {
                throw new VmmRefusedException(reply.getError().getReason(), reply.getError().getMessage());
            }
            return reply;
        } catch (ExecutionException e) {
            throw gone(what, e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(what + " : no answer from " + socket + " within " + deadline, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException(what + " : interrupted").initCause(e);
        } finally {
            waiting.remove(request.getId());
        }
    }

    private IOException gone(String what, Throwable cause) {
        return new IOException(what + " : connection to " + socket + " lost: " + cause.getMessage(), cause);
    }

    private void send(ByteBuffer frame) throws IOException {
        writing.lock();
        try {
            while (frame.hasRemaining()) {
                channel.write(frame);
            }
        } finally {
            writing.unlock();
        }
    }

    private void read() {
        FrameDecoder decoder = new FrameDecoder();
        IOException cause;
        try {
            while (true) {
                if (channel.read(decoder.space()) < 0) {
                    throw new EOFException("the VMM closed the connection");
                }
                Optional<ByteBuffer> frame = decoder.next();
                while (frame.isPresent()) {
                    dispatch(Reply.parseFrom(frame.get()));
                    frame = decoder.next();
                }
            }
        } catch (IOException e) {
            cause = e;
        } catch (RuntimeException e) {
            cause = new IOException("a listener failed: " + e, e);
        }
        disconnect(cause);
    }

    private void disconnect(IOException cause) {
        // In this order: a call that came too late for the loop below sees that the connection is lost.
        lost = Optional.of(cause);
        for (CompletableFuture<Reply> answer : waiting.values()) {
            answer.completeExceptionally(cause);
        }
        try {
            channel.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        listener.get().ifPresent(l -> l.disconnected(cause));
    }

    private void dispatch(Reply reply) throws IOException {
        if (reply.getId() != 0) {
            CompletableFuture<Reply> answer = waiting.remove(reply.getId());
            if (answer != null) {
                answer.complete(reply);
            }
            return;
        }
        switch (reply.getReplyCase()) {
            case EVENT -> dispatch(reply.getEvent());
            case CONSOLE_OUTPUT -> {
                ConsoleOutput output = reply.getConsoleOutput();
                console.get().ifPresent(c -> c.output(output.getData().toByteArray(), output.getLostBytes()));
            }
            case ERROR, STATUS, DONE, CPUID, MIGRATION_STATUS, REPLY_NOT_SET ->
                throw new IOException("a reply without id : " + reply);
        }
    }

    private void dispatch(Event event) throws IOException {
        Optional<VmmListener> hearing = listener.get();
        if (hearing.isEmpty()) {
            return;
        }
        switch (event.getEventCase()) {
            case STATUS -> hearing.get().changed(VmmStatus.of(event.getStatus()));
            case EXIT -> hearing.get().ended(VmmEnd.of(event.getExit()));
            case SAVE -> hearing.get().saving(VmmSaveProgress.of(event.getSave()));
            case MIGRATION -> hearing.get().migrating(VmmMigration.of(event.getMigration()));
            case EVENT_NOT_SET -> throw new IOException("an empty event");
        }
    }
}
