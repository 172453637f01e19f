package io.drover.vmm.lease;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.lease.LeaseState.Transition;
import io.drover.vmm.linux.BootClock;
import io.drover.vmm.linux.SystemCallException;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The lease of one VM. vCPU threads ask it before they enter the guest; a thread of its own, which waits for nothing else,
 * notices its end. Safe for all threads.
 */
public final class Lease implements AutoCloseable {
    private static final long NEVER = Long.MIN_VALUE;
    private static final long ALWAYS = Long.MAX_VALUE;

    private final boolean needed;
    private final LongSupplier bootNanos;
    @GuardedBy("this")
    private long epoch;
    @GuardedBy("this")
    private LeaseState state;
    /** The end on {@link System#nanoTime}'s scale, less its origin, for a look that costs no system call. */
    private volatile long permittedUntil;
    private final long origin = System.nanoTime();
    @GuardedBy("this")
    private Optional<LeaseAlarm> alarm = Optional.empty();
    private volatile Runnable lost = () -> {};

    Lease(long epoch, boolean needed, LongSupplier bootNanos) {
        this.epoch = epoch;
        this.needed = needed;
        this.bootNanos = bootNanos;
        this.state = needed ? new LeaseState.Awaited() : new LeaseState.NotNeeded();
        this.permittedUntil = needed ? NEVER : ALWAYS;
    }

    /**
     * A lease that was not given yet.
     *
     * @param epoch
     *            the only one that can renew it, until it is {@linkplain #raise raised}
     * @param needed
     *            false: the guest runs without
     */
    public static Lease of(long epoch, boolean needed) {
        return new Lease(epoch, needed, BootClock::nanos);
    }

    /**
     * Begins to watch the clock, if there is a lease to watch.
     *
     * @param onLost
     *            called, on any thread and under no lock, each time that the guest may not run any more; returns at once
     */
    public void start(Runnable onLost) throws SystemCallException {
        lost = onLost;
        synchronized (this) {
            if (state instanceof LeaseState.Awaited) {
                alarm = Optional.of(LeaseAlarm.start(this::look));
            }
        }
    }

    /** The agent has heard from its cluster. Any thread. */
    public Renewal renew(long byEpoch, long untilBootNanos) {
        boolean losing;
        Renewal renewal;
        synchronized (this) {
            boolean before = state.permits();
            Transition transition = LeaseState.next(state, new LeaseEvent.Renewed(byEpoch, untilBootNanos), epoch,
                    bootNanos.getAsLong());
            renewal = switch (transition) {
                case Transition.To(LeaseState next) -> {
                    become(next);
                    yield before ? new Renewal.Extended() : new Renewal.Regained();
                }
                case Transition.Stay() -> new Renewal.Extended();
                case Transition.WrongEpoch(LeaseState next) -> {
                    become(next);
                    yield new Renewal.WrongEpoch("epoch : " + byEpoch + " (expected: " + epoch
                            + ", the one under which this VMM may run the guest"
                            + (next instanceof LeaseState.Superseded(long by)
                                    ? "; it has heard of " + by + " and never runs the guest again)"
                                    : ")"));
                }
                case Transition.Refused(String why) -> new Renewal.Refused(why);
            };
            losing = before && !state.permits();
        }
        if (losing) {
            lost.run();
        }
        return renewal;
    }

    /**
     * The guest may run under another epoch from now on, and no more under the one before: no renewal comes in between. What was
     * given under that is over, so a guest that needs a lease waits for its next.
     *
     * @param toEpoch
     *            the same as now: nothing changes
     */
    public Rise raise(long toEpoch) {
        boolean losing = false;
        Rise rise;
        synchronized (this) {
            boolean before = state.permits();
            rise = switch (LeaseState.next(state, new LeaseEvent.Raised(toEpoch, needed), epoch,
                    bootNanos.getAsLong())) {
                case Transition.To(LeaseState next) -> {
                    epoch = toEpoch;
                    become(next);
                    yield new Rise.Done();
                }
                case Transition.Stay() -> new Rise.Done();
                case Transition.WrongEpoch(LeaseState now) -> new Rise.WrongEpoch("epoch : " + toEpoch
                        + " (expected: " + epoch + " or a higher one"
                        + (now instanceof LeaseState.Superseded(long by)
                                ? "; this VMM has heard of " + by + ")"
                                : ")"));
                case Transition.Refused(String why) -> new Rise.WrongEpoch(why);
            };
            losing = before && !state.permits();
        }
        if (losing) {
            lost.run();
        }
        return rise;
    }

    /** Under which the guest may run. */
    public synchronized long epoch() {
        return epoch;
    }

    /** Looks at the clock. Any thread; costs a system call. */
    public void look() {
        boolean losing = false;
        synchronized (this) {
            if (LeaseState.next(state, new LeaseEvent.Looked(), epoch,
                    bootNanos.getAsLong()) instanceof Transition.To(LeaseState next)) {
                become(next);
                losing = true;
            }
        }
        if (losing) {
            lost.run();
        }
    }

    /**
     * Whether the guest may run. Costs no system call and allocates nothing. Until somebody has {@linkplain #look looked} it
     * does not know of time that the host has slept.
     */
    public boolean permits() {
        long until = permittedUntil;
        return until == ALWAYS || (until != NEVER && System.nanoTime() - origin < until);
    }

    public synchronized LeaseState state() {
        return state;
    }

    @GuardedBy("this")
    private void become(LeaseState next) {
        state = next;
        permittedUntil = switch (next) {
            case LeaseState.NotNeeded _ -> ALWAYS;
            case LeaseState.Held(long until) ->
                Math.max(0, until - bootNanos.getAsLong()) + (System.nanoTime() - origin);
            case LeaseState.Awaited _,LeaseState.Expired _,LeaseState.Superseded _ -> NEVER;
        };
        if (next instanceof LeaseState.Held(long until) && alarm.isPresent()) {
            alarm.get().set(until);
        }
    }

    /** When this returns nobody hears of a loss any more. */
    @Override
    public void close() {
        Optional<LeaseAlarm> running;
        synchronized (this) {
            running = alarm;
            alarm = Optional.empty();
        }
        if (running.isPresent()) {
            running.get().close();
        }
        lost = () -> {};
    }
}
