package io.drover.vmm.migration;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.log.Log;
import io.drover.vmm.migration.SendProgress.DiskProgress;
import io.drover.vmm.migration.SendState.Downtime;
import io.drover.vmm.migration.policy.PassResult;
import io.drover.vmm.migration.policy.Policy;
import io.drover.vmm.migration.policy.Policy.Decision;
import io.drover.vmm.migration.policy.Policy.Step;
import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.SendRate;
import io.drover.vmm.migration.stream.StreamException;
import io.drover.vmm.migration.stream.StreamSender;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Sends a guest to another VMM. It never switches unless that was permitted, and never lets the guest run again once it has
 * stopped it: both is for whoever knows who owns the VM. {@link #run} takes one thread from beginning to end; the rest is for
 * any.
 */
public final class OutgoingMigration {
    /** Between two looks at what has changed, while the switch is not permitted yet. */
    private static final Duration WAITING_PASS = Duration.ofMillis(100);

    private final SendingMachine machine;
    private final SendOptions options;
    private final Consumer<SendState> listener;
    private final Log log;
    private final SendRate rate;
    private final StreamSender sender;
    private final Changes dirty;
    private final long startNanos = System.nanoTime();
    private final Pending pending;

    @GuardedBy("this")
    private SendState state = new SendState.Connecting();
    @GuardedBy("this")
    private boolean permitted;
    @GuardedBy("this")
    private boolean cancelled;
    /** When it was first ready to be switched; 0 before that. */
    @GuardedBy("this")
    private long convergedNanos;
    @GuardedBy("this")
    private Policy policy;
    @GuardedBy("this")
    private long dirtyRate;
    /** At the beginning of the pass: how much it is to send, and how much was sent before it. */
    @GuardedBy("this")
    private long passBytes;
    @GuardedBy("this")
    private long sentBefore;
    /** The same, of disks; and of the first pass. */
    @GuardedBy("this")
    private long passDiskBytes;
    @GuardedBy("this")
    private long diskBytesBefore;
    @GuardedBy("this")
    private long diskTotalBytes;

    /**
     * Nothing happens yet.
     *
     * @param name
     *            of its threads
     * @param connections
     *            made with {@link SendOptions#stall} as their timeout; closed when {@link #run} ends
     * @param listener
     *            hears of every state but the first, on the migration's thread
     */
    public OutgoingMigration(String name, SendingMachine machine, List<StreamConnection> connections,
            SendOptions options, Consumer<SendState> listener, Log log) {
        this.machine = machine;
        this.options = options;
        this.listener = listener;
        this.log = log;
        this.rate = new SendRate(options.bytesPerSecond());
        this.sender = new StreamSender(name, machine.memory(), machine.disks(), connections, options.stall(), rate,
                options.packing());
        this.dirty = new Changes(machine.memory(), machine.dirtyLog(), machine.disks());
        this.pending = Pending.none(machine.memory(), machine.disks().size());
        this.policy = Policy.begin(options.policy());
    }

    /** Sends everything, to the end: Sent or Failed. Once. */
    public void run() {
        try (sender) {
            SendState end;
            try {
                sender.open();
                dirty.start();
                machine.addResident(pending.pages());
                dirty.addDisks(pending);
                synchronized (this) {
                    diskTotalBytes = pending.diskBytes();
                }
                enter(new SendState.Copying());
                int pass = copy();
                machine.flushDisks();
                enter(new SendState.Switching());
                end = switchOver(pass);
            } catch (IOException | RuntimeException e) {
                end = failure(e, false);
            }
            machine.throttle(0);
            stopTracking();
            enter(end);
        }
    }

    /** Passes until the guest may be switched and that is permitted; gives the number of the next. */
    private int copy() throws IOException {
        for (int pass = 0;; pass++) {
            PassResult result = sendPass(pass);
            Step step = policyAfter(result);
            switch (step.decision()) {
                case Decision.NextPass(int throttlePercent) -> {
                    machine.throttle(throttlePercent);
                    enter(new SendState.Copying());
                }
                case Decision.SwitchOver _ -> {
                    enter(new SendState.Converged());
                    if (awaitPermission(WAITING_PASS)) {
                        return pass + 1;
                    }
                    sender.keepAlive();
                    dirty.collect(pending);
                }
                case Decision.GiveUp(String why) -> throw new StreamException(FailureKind.NOT_CONVERGED, why);
            }
        }
    }

    private PassResult sendPass(int pass) throws IOException {
        long begin = System.nanoTime();
        long bytes = send(pass);
        // Only now: had it failed, they would still be there to be sent.
        pending.clear();
        dirty.collect(pending);
        long now = System.nanoTime();
        return new PassResult(bytes, Duration.ofNanos(now - begin), pending.bytes(),
                Duration.ofNanos(now - startNanos));
    }

    private long send(int pass) throws StreamException {
        synchronized (this) {
            passBytes = pending.bytes();
            sentBefore = rate.unpackedBytes();
            passDiskBytes = pending.diskBytes();
            diskBytesBefore = sender.diskBytes();
        }
        return sender.sendPass(pass, pending.pages(), pending.blocks());
    }

    private synchronized Step policyAfter(PassResult result) throws StreamException {
        Step step = policy.after(result);
        policy = step.policy();
        dirtyRate = result.dirtyRate();
        if (cancelled) {
            throw new StreamException(FailureKind.CANCELLED, "cancelled");
        }
        return step;
    }

    /** On the migration's thread, with nothing but the last pages and the state left to be sent. */
    private SendState switchOver(int pass) {
        long begin = System.nanoTime();
        rate.lift();
        try {
            machine.pause();
        } catch (IOException | RuntimeException e) {
            return failure(e, false);
        }
        try {
            long paused = System.nanoTime();
            dirty.collect(pending);
            send(pass);
            long sent = System.nanoTime();
            byte[] saved = machine.saveState();
            pending.clear();
            // To save vCPUs and devices has changed memory, too.
            dirty.collect(pending);
            send(pass + 1);
            long complete = System.nanoTime();
            sender.finish(saved);
            return new SendState.Sent(new Downtime(Duration.ofNanos(paused - begin), Duration.ofNanos(sent - paused),
                    Duration.ofNanos(complete - sent), Duration.ofNanos(System.nanoTime() - complete)));
        } catch (IOException | RuntimeException e) {
            return failure(e, true);
        }
    }

    private SendState failure(Exception e, boolean stopped) {
        if (e instanceof StreamException known) {
            return new SendState.Failed(known.kind(), known.getMessage(), stopped);
        }
        log.error("the migration failed", e);
        return new SendState.Failed(FailureKind.FAILED, String.valueOf(e.getMessage()), stopped);
    }

    private void stopTracking() {
        try {
            dirty.stop();
        } catch (IOException e) {
            log.error("the log of dirty pages goes on, which makes the guest slower", e);
        }
    }

    private synchronized boolean awaitPermission(Duration longest) throws StreamException {
        long now = System.nanoTime();
        if (convergedNanos == 0) {
            convergedNanos = now;
        }
        if (now - convergedNanos > options.permission().toNanos()) {
            throw new StreamException(FailureKind.STALLED, "nobody has permitted the switch within "
                    + options.permission().toSeconds() + " s");
        }
        long until = now + longest.toNanos();
        try {
            for (long left = longest.toNanos(); left > 0 && !permitted
                    && !cancelled; left = until - System.nanoTime()) {
                wait(Math.ceilDiv(left, 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamException(FailureKind.CANCELLED, "interrupted");
        }
        if (cancelled) {
            throw new StreamException(FailureKind.CANCELLED, "cancelled");
        }
        return permitted;
    }

    private void enter(SendState next) {
        synchronized (this) {
            if (next.equals(state)) {
                return;
            }
            state = next;
        }
        listener.accept(next);
    }

    /**
     * Permits the switch. It comes when the pages that are left are few enough, which they may not be any more for the moment.
     *
     * @return false when the guest was never ready for it, or it has ended: nothing has changed
     */
    public synchronized boolean permitSwitch() {
        boolean askedFor = switch (state) {
            case SendState.Connecting _,SendState.Sent _,SendState.Failed _ -> false;
            case SendState.Copying _ -> convergedNanos != 0;
            case SendState.Converged _,SendState.Switching _ -> true;
        };
        if (askedFor) {
            permitted = true;
            notifyAll();
        }
        return askedFor;
    }

    /**
     * Ends it, soon. Before the switch the guest runs on; a guest that stands still already goes on standing still.
     *
     * @return false when it has ended
     */
    public boolean cancel(String why) {
        synchronized (this) {
            if (state.isEnd()) {
                return false;
            }
            cancelled = true;
            notifyAll();
        }
        sender.cancel(why);
        return true;
    }

    /** As it is now. */
    public synchronized SendProgress progress() {
        Policy now = policy;
        // Of what has become zeros less is sent than there was.
        boolean sent = state instanceof SendState.Sent;
        long remaining = sent ? 0 : Math.max(0, passBytes - (rate.unpackedBytes() - sentBefore));
        long diskRemaining = sent ? 0 : Math.max(0, passDiskBytes - (sender.diskBytes() - diskBytesBefore));
        boolean known = now.bandwidth() > 0;
        long net = now.bandwidth() - dirtyRate;
        return new SendProgress(state, now.passes(), rate.sentBytes(), now.bandwidth(), dirtyRate, remaining,
                known ? Optional.of(now.predictedDowntime(remaining)) : Optional.empty(), now.throttlePercent(),
                Duration.ofNanos(System.nanoTime() - startNanos),
                known && net > 0 ? Optional.of(Duration.ofMillis((long) (remaining * 1000.0 / net)))
                        : Optional.empty(),
                new DiskProgress(sender.diskBytes(), diskRemaining, diskTotalBytes));
    }
}
