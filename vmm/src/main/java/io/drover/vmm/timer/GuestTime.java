package io.drover.vmm.timer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Time as the guest has it: it goes on while vCPUs may run and stands while they may not, so that nothing that a guest is given
 * time for is over because its machine was paused. Begins at zero, standing. Any thread.
 */
public final class GuestTime {
    private final LongSupplier hostNanos;
    private final Timer timer;
    @GuardedBy("this")
    private final List<Alarm> alarms = new ArrayList<>();
    @GuardedBy("this")
    private long passed;
    @GuardedBy("this")
    private long since;
    @GuardedBy("this")
    private boolean running;

    /**
     * Time that stands.
     *
     * @param hostNanos
     *            a clock that never goes back, in nanoseconds
     */
    public GuestTime(LongSupplier hostNanos, Timer timer) {
        this.hostNanos = hostNanos;
        this.timer = timer;
    }

    /** How long the guest has been running, in nanoseconds. */
    public synchronized long nanos() {
        return running ? passed + hostNanos.getAsLong() - since : passed;
    }

    /** Begins later than at zero, as of a guest that has been running. Before it first goes on. */
    public synchronized void begin(long nanos) {
        passed = nanos;
    }

    /** Lets time go on; does nothing while it does. */
    public synchronized void run() {
        if (!running) {
            running = true;
            since = hostNanos.getAsLong();
            for (Alarm alarm : alarms) {
                arrange(alarm);
            }
        }
    }

    /** Stops time: when this returns, no alarm goes off that has not begun to. */
    public synchronized void stop() {
        if (running) {
            passed = nanos();
            running = false;
            for (Alarm alarm : alarms) {
                disarrange(alarm);
            }
        }
    }

    /**
     * An alarm that is not set.
     *
     * @param action
     *            run on the timer's thread, under no lock; may come just after the alarm was set anew, so it looks at the time
     */
    public synchronized Alarm alarm(Runnable action) {
        Alarm alarm = new Alarm(action);
        alarms.add(alarm);
        return alarm;
    }

    @GuardedBy("this")
    private void arrange(Alarm alarm) {
        // A wake-up that comes too early sees to the next.
        if (running && alarm.due != Alarm.NEVER && alarm.wakeup.isEmpty()) {
            alarm.wakes = alarm.due;
            alarm.wakeup = Optional.of(timer.after(Math.max(alarm.due - nanos(), 0), alarm::look));
        }
    }

    @GuardedBy("this")
    private void disarrange(Alarm alarm) {
        if (alarm.wakeup.isPresent()) {
            alarm.wakeup.get().cancel();
            alarm.wakeup = Optional.empty();
            alarm.wakes = Alarm.NEVER;
        }
    }

    /**
     * Goes off at a time of the guest's. Setting it again and again costs nothing but the first wake-up. What it knows is
     * guarded by the time's lock.
     */
    public final class Alarm {
        private static final long NEVER = Long.MAX_VALUE;

        private final Runnable action;
        private long due = NEVER;
        /** When the wake-up that is under way comes. */
        private long wakes = NEVER;
        private Optional<Timer.Wakeup> wakeup = Optional.empty();

        private Alarm(Runnable action) {
            this.action = action;
        }

        /** Goes off at that {@link GuestTime#nanos}, at once if it is over, instead of when it was set to before. */
        public void set(long nanos) {
            synchronized (GuestTime.this) {
                due = nanos;
                if (due < wakes) {
                    disarrange(this);
                }
                arrange(this);
            }
        }

        /** Does not go off. */
        public void cancel() {
            synchronized (GuestTime.this) {
                due = NEVER;
                disarrange(this);
            }
        }

        private void look() {
            synchronized (GuestTime.this) {
                wakeup = Optional.empty();
                wakes = NEVER;
                if (!running || due == NEVER) {
                    return;
                }
                if (nanos() < due) {
                    arrange(this);
                    return;
                }
                due = NEVER;
            }
            action.run();
        }
    }
}
