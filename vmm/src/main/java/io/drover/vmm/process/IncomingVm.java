package io.drover.vmm.process;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.ReceiveMigrationRequest;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.proto.vmm.v1.SendMigrationRequest;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmStatus.State;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.DiskSettings;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.MachineStartException;
import io.drover.vmm.machine.Refusal;
import io.drover.vmm.machine.SavedSource;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.migration.AvailableMemory;
import io.drover.vmm.migration.link.LinkListener;
import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.ReceivedDisk;
import io.drover.vmm.migration.stream.StreamException;
import io.drover.vmm.migration.stream.StreamReceiver;
import io.drover.vmm.state.SavedStates;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A VM before its guest is here: it can be told to receive it, and to stop. The machine is put together on the thread of
 * {@link #await}, around the memory and from the state that come; nothing of it runs.
 */
final class IncomingVm implements VmmControl {
    private static final Duration STALL = Duration.ofSeconds(10);
    /** For the agents to agree, and connect. */
    private static final Duration LINK_DEADLINE = Duration.ofMinutes(2);
    /** For the devices to be there, and to have their state. */
    private static final Duration ASSEMBLY_DEADLINE = Duration.ofSeconds(30);

    /** Makes the machine from what comes. */
    @FunctionalInterface
    interface Assembly {
        Machine restore(SavedSource source) throws MachineStartException, IOException;
    }

    /** What the main thread waits for. */
    private sealed interface Order {
        record Receive(LinkListener link, int connections, Duration stall, IncomingDisks disks) implements Order {}

        record Stop() implements Order {}
    }

    private final VmmSettings settings;
    private final ConsoleRing console;
    private final Consumer<VmmMigration> told;
    private final Log log;
    private final BlockingQueue<Order> orders = new LinkedBlockingQueue<>();
    private final CompletableFuture<byte[]> state = new CompletableFuture<>();
    private final CompletableFuture<Boolean> assembled = new CompletableFuture<>();
    private volatile Phase phase = Phase.NONE;
    private volatile Optional<VmmMigration> failed = Optional.empty();
    private volatile Optional<LinkListener> link = Optional.empty();
    private volatile Optional<StreamReceiver> receiver = Optional.empty();
    private volatile Optional<Thread> receiving = Optional.empty();
    private volatile boolean cancelled;
    private volatile boolean stopped;
    private final Requests migration = new Requests();

    /**
     * Waits for a request.
     *
     * @param told
     *            hears of every phase but the last
     */
    IncomingVm(VmmSettings settings, ConsoleRing console, Consumer<VmmMigration> told, Log log) {
        this.settings = settings;
        this.console = console;
        this.told = told;
        this.log = log;
    }

    /**
     * Waits for the guest.
     *
     * @return the machine with the guest in it, paused; empty when it was stopped before. The caller's to close
     */
    Optional<Machine> await(Assembly assembly) throws InterruptedException {
        while (true) {
            switch (orders.take()) {
                case Order.Stop _ -> {
                    return Optional.empty();
                }
                case Order.Receive receive -> {
                    Optional<Machine> machine = receive(receive, assembly);
                    if (machine.isPresent()) {
                        return machine;
                    }
                }
            }
        }
    }

    private Optional<Machine> receive(Order.Receive order, Assembly assembly) throws InterruptedException {
        Optional<Machine> machine = Optional.empty();
        try (LinkListener _ = order.link()) {
            machine = Optional.of(assembly.restore(new FromStream(order)));
            assembled.complete(true);
            awaitReceiver();
            log.info("the guest has been received");
            return machine;
        } catch (StreamException e) {
            fail(e.kind(), e.getMessage());
        } catch (MachineStartException | IOException e) {
            fail(causeOf(e), e.getMessage());
        } catch (RuntimeException e) {
            log.error("the guest could not be received", e);
            fail(FailureKind.FAILED, e.toString());
        }
        // The sender is told the same, by whoever waits for the machine or here; only then is its memory nobody's.
        VmmMigration.Failure failure = failed.orElseThrow().failure().orElseThrow();
        receiver.ifPresent(each -> each.abandon(FailureKind.valueOf(failure.kind()), failure.message()));
        assembled.completeExceptionally(new IOException(failure.message()));
        joinReceiver();
        receiver.ifPresent(StreamReceiver::close);
        machine.ifPresent(Machine::close);
        try {
            order.disks().close();
        } catch (IOException e) {
            log.warn("a disk of the guest that was not received cannot be closed: " + e.getMessage());
        }
        told.accept(migrationStatus());
        return Optional.empty();
    }

    private FailureKind causeOf(Exception e) {
        return cancelled ? FailureKind.CANCELLED
                : e.getCause() instanceof StreamException stream ? stream.kind() : FailureKind.MISMATCH;
    }

    /** On the main thread, while the machine is put together: fills its memory. */
    private SavedMachine receive(Order.Receive order, GuestMemory memory) throws IOException {
        enter(Phase.PREPARING);
        List<ReceivedDisk> disks = order.disks().open();
        AvailableMemory.check(memory.size());
        try {
            memory.populate();
        } catch (SystemCallException e) {
            throw new StreamException(FailureKind.NO_MEMORY, "this host has not " + memory.size()
                    + " bytes of memory for the guest: " + e.getMessage());
        }
        enter(Phase.WAITING);
        List<StreamConnection> connections;
        try {
            connections = order.link().accept(order.connections(), LINK_DEADLINE, order.stall());
        } catch (IOException e) {
            throw new StreamException(cancelled ? FailureKind.CANCELLED : FailureKind.CUT, e.getMessage());
        }
        StreamReceiver made = new StreamReceiver(settings.vm(), memory, disks, connections, order.stall(),
                this::load);
        receiver = Optional.of(made);
        enter(Phase.RECEIVING);
        if (cancelled) {
            made.cancel("cancelled");
        }
        receiving = Optional.of(Thread.ofPlatform().name(settings.vm() + " receiving").start(() -> {
            try {
                made.receive();
            } catch (StreamException e) {
                state.completeExceptionally(e);
            } catch (RuntimeException e) {
                state.completeExceptionally(new StreamException(FailureKind.FAILED, e.toString()));
            }
        }));
        try {
            return SavedStates.parse(ByteString.copyFrom(state.get()));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StreamException stream) {
                throw stream;
            }
            throw new StreamException(FailureKind.FAILED, e.getCause().toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamException(FailureKind.CANCELLED, "interrupted");
        }
    }

    /** On the stream's thread, when all memory is here: waits until the machine has its state. */
    private void load(byte[] saved) throws IOException {
        state.complete(saved);
        try {
            assembled.get(ASSEMBLY_DEADLINE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new IOException("the machine is not put together within " + ASSEMBLY_DEADLINE.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void awaitReceiver() throws InterruptedException, StreamException {
        joinReceiver();
        receiver.orElseThrow().close();
        if (!receiver.orElseThrow().isFinished()) {
            throw new StreamException(cancelled ? FailureKind.CANCELLED : FailureKind.CUT,
                    "the stream ended before everything was verified");
        }
    }

    private void joinReceiver() throws InterruptedException {
        Optional<Thread> thread = receiving;
        if (thread.isPresent()) {
            thread.get().join();
        }
    }

    private void enter(Phase next) {
        phase = next;
        told.accept(migrationStatus());
    }

    private void fail(FailureKind kind, String why) {
        log.warn("the guest is not received: " + kind + ", " + why);
        phase = Phase.FAILED;
        failed = Optional.of(MigrationTranslation.failed(kind.name(), why));
    }

    private VmmMigration migrationStatus() {
        return failed.isPresent() ? failed.get()
                : receiver.isPresent() ? received(phase, receiver.get())
                        : new VmmMigration(phase, Optional.empty(), 0);
    }

    private static VmmMigration received(Phase phase, StreamReceiver from) {
        return new VmmMigration(phase, Optional.empty(), from.receivedBytes(),
                new VmmMigration.Disks(from.receivedDiskBytes(), 0, 0));
    }

    /** The machine's state, memory and disks, which come over the connections. */
    private final class FromStream implements SavedSource {
        private final Order.Receive order;

        FromStream(Order.Receive order) {
            this.order = order;
        }

        @Override
        public SavedMachine restore(GuestMemory memory) throws IOException {
            return receive(order, memory);
        }

        @Override
        public Disk open(DiskSettings disk) throws IOException {
            return order.disks().take(disk);
        }
    }

    /** When its guest has been received. */
    VmmMigration received() {
        return received(Phase.RECEIVED, receiver.orElseThrow());
    }

    /** Whether somebody wanted it to stop. */
    boolean isStopped() {
        return stopped;
    }

    private static void notYet(Answer answer) {
        answer.refused(Refusal.FAILED, "the guest is not here yet (expected: after its migration was RECEIVED)");
    }

    @Override
    public VmmStatus status() {
        return new VmmStatus(State.STARTING, settings.vm(), settings.uid(), settings.epoch(),
                ProcessHandle.current().pid(), Optional.empty(), settings.vcpus(), settings.memoryBytes(), 0,
                List.of(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), 0, List.of(),
                settings.leaseNeeded() ? new VmmLease.Awaited() : new VmmLease.NotNeeded(), false,
                OptionalLong.empty());
    }

    @Override
    public void pause(Answer answer) {
        notYet(answer);
    }

    @Override
    public void resume(long epoch, Answer answer) {
        notYet(answer);
    }

    /** A guest that is not here yet has no use for a lease; the next renewal counts. */
    @Override
    public void renewLease(long renewedEpoch, long untilBootNanos, Answer answer) {
        notYet(answer);
    }

    @Override
    public void stop(Answer answer) {
        stopped = true;
        migration.cancelAll("the VM is stopped");
        orders.add(new Order.Stop());
        answer.done();
    }

    @Override
    public void pressPowerButton() {
        log.info("there is no guest yet whose power button could be pressed");
    }

    @Override
    public void setMemoryTarget(long guestBytes, Answer answer) {
        notYet(answer);
    }

    @Override
    public boolean type(byte[] input) {
        return false;
    }

    @Override
    public void attachDisk(VmmDisk disk, Answer answer) {
        notYet(answer);
    }

    @Override
    public void attachNic(VmmNic nic, Answer answer) {
        notYet(answer);
    }

    @Override
    public void detach(String id, boolean force, Answer answer) {
        notYet(answer);
    }

    @Override
    public void resizeDisk(String id, long sizeBytes, Answer answer) {
        notYet(answer);
    }

    @Override
    public void limitDisk(String id, VmmDisk.Rate rate, Answer answer) {
        notYet(answer);
    }

    @Override
    public void save(Path file, boolean resume, Answer answer) {
        notYet(answer);
    }

    @Override
    public void cancelSave(Answer answer) {
        notYet(answer);
    }

    @Override
    public List<VmmCpuidEntry> cpuid() {
        return List.of();
    }

    @Override
    public ConsoleRing console() {
        return console;
    }

    @Override
    public MigrationControl migration() {
        return migration;
    }

    /** Requests, on the control server's thread. */
    private final class Requests implements MigrationControl {
        private boolean asked;

        @Override
        public void receive(ReceiveMigrationRequest request, Answer answer) {
            if (asked) {
                answer.refused(Refusal.FAILED, "the guest is being received, or was to be (expected: once)");
                return;
            }
            try {
                Sending.checkConnections(request.getConnections());
                IncomingDisks disks = IncomingDisks.of(DiskTranslation.of(settings), request.getMirroredDisksList());
                LinkListener open = LinkListener.listen(Sending.path(request.getLinkPath()));
                Duration stall = Sending.millis(request.getStallMillis(), STALL);
                link = Optional.of(open);
                asked = true;
                orders.add(new Order.Receive(open, request.getConnections(), stall, disks));
            } catch (IllegalArgumentException e) {
                answer.refused(Refusal.BAD_REQUEST, e.getMessage());
                return;
            } catch (IOException e) {
                answer.refused(Refusal.HOST_FAILED, e.getMessage());
                return;
            }
            answer.done();
        }

        @Override
        public void send(SendMigrationRequest request, Answer answer) {
            notYet(answer);
        }

        @Override
        public void permitSwitch(Answer answer) {
            notYet(answer);
        }

        @Override
        public void cancel(Answer answer) {
            if (asked && failed.isEmpty()) {
                cancelAll("cancelled");
                answer.done();
            } else {
                answer.refused(Refusal.FAILED, "there is no migration that could be cancelled");
            }
        }

        private void cancelAll(String why) {
            cancelled = true;
            link.ifPresent(LinkListener::end);
            receiver.ifPresent(each -> each.cancel(why));
        }

        @Override
        public VmmMigration status() {
            return migrationStatus();
        }
    }
}
