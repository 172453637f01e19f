package io.drover.vmm.process;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.ReceiveMigrationRequest;
import io.drover.proto.vmm.v1.SendMigrationRequest;
import io.drover.proto.vmm.v1.SendMigrationRequest.Compression;
import io.drover.proto.vmm.v1.SendMigrationRequest.WhenStuck;
import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.disk.TrackedDisk;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.Refusal;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import io.drover.vmm.migration.OutgoingMigration;
import io.drover.vmm.migration.SendOptions;
import io.drover.vmm.migration.SendState;
import io.drover.vmm.migration.SendingMachine;
import io.drover.vmm.migration.link.LinkListener;
import io.drover.vmm.migration.policy.PolicySettings;
import io.drover.vmm.migration.stream.SentDisk;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Sends a machine's guest to another VMM, on a thread of its own; one at a time. Requests come on the control server's thread,
 * and change who sends under this object's lock.
 */
final class Sending implements MigrationControl, AutoCloseable {
    private static final Duration TOLD_EVERY = Duration.ofMillis(500);
    /** A machine pauses and saves its state within seconds, or says that it cannot. */
    private static final Duration MACHINE_DEADLINE = Duration.ofSeconds(30);
    private static final int MAX_CONNECTIONS = 16;

    private final String name;
    private final Machine machine;
    private final Consumer<VmmMigration> told;
    private final Log log;
    private final VmmMigration before;
    private volatile Optional<Attempt> attempt = Optional.empty();

    /**
     * None is under way.
     *
     * @param before
     *            what is told until there is one
     * @param told
     *            hears of every phase, and of progress
     */
    Sending(String name, Machine machine, VmmMigration before, Consumer<VmmMigration> told, Log log) {
        this.name = name;
        this.machine = machine;
        this.before = before;
        this.told = told;
        this.log = log;
    }

    @Override
    public void receive(ReceiveMigrationRequest request, Answer answer) {
        answer.refused(Refusal.FAILED, "this VMM has its guest (expected: one that was started as incoming)");
    }

    @Override
    public synchronized void send(SendMigrationRequest request, Answer answer) {
        if (attempt.isPresent() && !attempt.get().isOver()) {
            answer.refused(Refusal.BUSY,
                    "the guest is being sent, or was sent and has not run here since (expected: one at a time)");
            return;
        }
        Attempt made;
        try {
            checkConnections(request.getConnections());
            made = new Attempt(request.getConnections(), options(request), disks(request.getMirroredDisksList()),
                    LinkListener.listen(path(request.getLinkPath())));
        } catch (IllegalArgumentException e) {
            answer.refused(Refusal.BAD_REQUEST, e.getMessage());
            return;
        } catch (IOException e) {
            answer.refused(Refusal.HOST_FAILED, e.getMessage());
            return;
        }
        attempt = Optional.of(made);
        made.start();
        answer.done();
    }

    private List<SentDisk> disks(List<String> ids) {
        List<SentDisk> disks = new ArrayList<>();
        for (String id : Set.copyOf(ids)) {
            Optional<TrackedDisk> disk = machine.copiedDisk(id);
            if (disk.isEmpty()) {
                throw new IllegalArgumentException("disk to be mirrored : '" + id
                        + "' (expected: one of this machine's that is not read-only, and not leaving)");
            }
            disks.add(new SentDisk(id, disk.get()));
        }
        return List.copyOf(disks);
    }

    static void checkConnections(int connections) {
        if (connections < 1 || connections > MAX_CONNECTIONS) {
            throw new IllegalArgumentException("connections of a migration : " + connections + " (expected: 1 to "
                    + MAX_CONNECTIONS + ")");
        }
    }

    static Path path(String link) {
        if (link.isEmpty()) {
            throw new IllegalArgumentException("link of a migration : empty (expected: a path)");
        }
        try {
            return Path.of(link);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("link of a migration : " + e.getMessage(), e);
        }
    }

    private static SendOptions options(SendMigrationRequest request) {
        Duration downtime = millis(request.getDowntimeMillis(), PolicySettings.DEFAULT.downtime());
        PolicySettings policy = new PolicySettings(downtime,
                millis(request.getLongestDowntimeMillis(), downtime.multipliedBy(7)),
                millis(request.getTimeoutMillis(), PolicySettings.DEFAULT.timeout()),
                request.getWhenStuck() == WhenStuck.STOP_AND_COPY ? PolicySettings.WhenStuck.STOP_AND_COPY
                        : PolicySettings.WhenStuck.GIVE_UP);
        if (request.getBytesPerSecond() < 0) {
            throw new IllegalArgumentException("rate of a migration : " + request.getBytesPerSecond()
                    + " bytes a second (expected: at least 1, or 0 for any)");
        }
        return new SendOptions(policy,
                request.getBytesPerSecond() == 0 ? Optional.empty() : Optional.of(request.getBytesPerSecond()),
                request.getCompression() == Compression.LZ4,
                millis(request.getStallMillis(), SendOptions.DEFAULT.stall()),
                millis(request.getPermissionMillis(), SendOptions.DEFAULT.permission()));
    }

    static Duration millis(long value, Duration unless) {
        if (value < 0 || value > Duration.ofDays(365).toMillis()) {
            throw new IllegalArgumentException("milliseconds of a migration : " + value + " (expected: 0 to a year)");
        }
        return value == 0 ? unless : Duration.ofMillis(value);
    }

    @Override
    public void permitSwitch(Answer answer) {
        Optional<Attempt> now = attempt;
        if (now.isPresent() && now.get().permitSwitch()) {
            answer.done();
        } else {
            answer.refused(Refusal.FAILED,
                    "the guest is not ready to be switched (expected: after its migration has been CONVERGED)");
        }
    }

    @Override
    public void cancel(Answer answer) {
        Optional<Attempt> now = attempt;
        if (now.isPresent() && now.get().cancel("cancelled")) {
            answer.done();
        } else {
            answer.refused(Refusal.FAILED, "there is no migration that could be cancelled");
        }
    }

    @Override
    public VmmMigration status() {
        Optional<Attempt> now = attempt;
        return now.isPresent() ? now.get().status() : before;
    }

    /** Whether the guest stands still for a migration that has not ended: nobody may let it run then. */
    boolean holdsGuest() {
        Optional<Attempt> now = attempt;
        return now.isPresent() && now.get().holdsGuest();
    }

    /**
     * Whether the hand-off may have ended with the guest here, under another epoch. From when it was CONVERGED on the VM's record
     * may have said that it is switched, whether this VMM was told so or not; until the epoch was raised, or the guest, having
     * stood still for it, runs again.
     */
    boolean mayRaiseEpoch() {
        Optional<Attempt> now = attempt;
        return now.isPresent() && now.get().isOpen();
    }

    /** The guest stays here: ends what is under way, if anything is. Returns at once. */
    void withdraw() {
        attempt.ifPresent(Attempt::withdraw);
    }

    /** Does that when nothing of a migration that was withdrawn can stop the guest any more, and at once if there is none. */
    void afterWithdrawal(Runnable action) {
        Optional<Attempt> now = attempt;
        if (now.isPresent()) {
            now.get().afterWithdrawal(action);
        } else {
            action.run();
        }
    }

    /** Ends what is under way, and waits for it. Not on the control server's thread. */
    @Override
    public void close() {
        Optional<Attempt> now = attempt;
        if (now.isPresent()) {
            now.get().close();
        }
    }

    /** One migration. */
    private final class Attempt {
        private final int connections;
        private final SendOptions options;
        private final List<SentDisk> disks;
        private final LinkListener link;
        private final Thread thread;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile Optional<OutgoingMigration> migration = Optional.empty();
        private volatile Optional<VmmMigration> failed = Optional.empty();
        private volatile boolean cancelled;
        private volatile boolean converged;
        /** What the hand-off came to is known here. */
        private volatile boolean settled;
        private volatile boolean withdrawn;
        @GuardedBy("this")
        private final List<Runnable> afterEnd = new ArrayList<>();

        Attempt(int connections, SendOptions options, List<SentDisk> disks, LinkListener link) {
            this.connections = connections;
            this.options = options;
            this.disks = disks;
            this.link = link;
            this.thread = Thread.ofPlatform().name(name + " migration").unstarted(this::run);
        }

        void start() {
            thread.start();
            Thread.ofPlatform().daemon().name(name + " migration progress").start(this::tellNowAndThen);
        }

        private void run() {
            try {
                log.info("the guest is to be sent over " + connections + " connections");
                List<StreamConnection> accepted;
                try (link) {
                    accepted = link.accept(connections, options.stall(), options.stall());
                }
                OutgoingMigration made = new OutgoingMigration(name, new SentMachine(disks), accepted, options,
                        state -> {
                            log.info("migration: " + state);
                            converged |= state instanceof SendState.Converged;
                            told.accept(status());
                        }, log);
                migration = Optional.of(made);
                if (cancelled) {
                    made.cancel("cancelled");
                }
                made.run();
            } catch (IOException e) {
                log.warn("the guest is not sent: " + e.getMessage());
                failed = Optional.of(MigrationTranslation.failed(cancelled ? "CANCELLED" : "CUT", e.getMessage()));
                told.accept(status());
            } catch (RuntimeException e) {
                log.error("the migration failed", e);
                failed = Optional.of(MigrationTranslation.failed("FAILED", e.toString()));
                told.accept(status());
            } finally {
                finish();
            }
        }

        private void finish() {
            List<Runnable> actions;
            synchronized (this) {
                ended.countDown();
                actions = List.copyOf(afterEnd);
                afterEnd.clear();
            }
            for (Runnable action : actions) {
                action.run();
            }
        }

        boolean holdsGuest() {
            return !withdrawn && status().phase() == Phase.SWITCHING;
        }

        boolean isOpen() {
            return converged && !settled;
        }

        void withdraw() {
            settled = true;
            withdrawn = true;
            cancel("the guest stays here");
        }

        void afterWithdrawal(Runnable action) {
            settled |= stopped();
            synchronized (this) {
                if (withdrawn && ended.getCount() > 0) {
                    afterEnd.add(action);
                    return;
                }
            }
            action.run();
        }

        private boolean stopped() {
            VmmMigration now = status();
            return now.phase() == Phase.SENT
                    || (now.phase() == Phase.FAILED && now.failure().orElseThrow().stopped());
        }

        private void tellNowAndThen() {
            try {
                while (!ended.await(TOLD_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                    told.accept(status());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The guest is this VMM's for certain, and nothing of this attempt is left that could stop it. */
        boolean isOver() {
            return ended.getCount() == 0 && (settled || status().phase() == Phase.FAILED);
        }

        boolean permitSwitch() {
            return migration.isPresent() && migration.get().permitSwitch();
        }

        boolean cancel(String why) {
            cancelled = true;
            link.end();
            return ended.getCount() > 0 && (migration.isEmpty() || migration.get().cancel(why));
        }

        VmmMigration status() {
            if (failed.isPresent()) {
                return failed.get();
            }
            return migration.isPresent() ? MigrationTranslation.status(migration.get().progress())
                    : new VmmMigration(Phase.CONNECTING, Optional.empty(), 0);
        }

        void close() {
            cancel("the VM has ended");
            // It may wait for a machine that answers nobody any more.
            thread.interrupt();
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException expected) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The machine, as a migration sees it. */
    private final class SentMachine implements SendingMachine {
        private final List<SentDisk> disks;

        SentMachine(List<SentDisk> disks) {
            this.disks = disks;
        }

        @Override
        public List<SentDisk> disks() {
            return disks;
        }

        @Override
        public GuestMemory memory() {
            return machine.memory();
        }

        @Override
        public DirtyLog dirtyLog() {
            return machine.dirtyLog();
        }

        @Override
        public void addResident(PageSet into) throws IOException {
            machine.backing().addResident(into);
        }

        @Override
        public void throttle(int percent) {
            machine.throttle(percent);
        }

        @Override
        public void flushDisks() throws IOException {
            machine.flushDisksMeanwhile();
        }

        @Override
        public void pause() throws IOException {
            Waiting<Boolean> paused = new Waiting<>();
            machine.pause(paused.answering(() -> true));
            paused.await();
        }

        @Override
        public byte[] saveState() throws IOException {
            Waiting<byte[]> saved = new Waiting<>();
            CompletableFuture<byte[]> state = new CompletableFuture<>();
            machine.whilePaused(still -> {
                still.flushDisks();
                still.releaseDisks(disks.stream().map(SentDisk::id).collect(Collectors.toUnmodifiableSet()));
                state.complete(still.state().toByteArray());
            }, saved.answering(state::join));
            return saved.await();
        }
    }

    /** For what a machine answers to. */
    private static final class Waiting<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();

        Answer answering(Supplier<T> value) {
            return new Answer() {
                @Override
                public void done() {
                    result.complete(value.get());
                }

                @Override
                public void refused(Refusal reason, String why) {
                    result.completeExceptionally(new IOException(why));
                }
            };
        }

        T await() throws IOException {
            try {
                return result.get(MACHINE_DEADLINE.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw new IOException(e.getCause().getMessage(), e);
            } catch (TimeoutException e) {
                throw new IOException("the machine does not answer within " + MACHINE_DEADLINE.toSeconds() + " s", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }
}
