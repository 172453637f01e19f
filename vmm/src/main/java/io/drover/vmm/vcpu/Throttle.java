package io.drover.vmm.vcpu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Holds vCPUs out of the guest for a share of each period: all of them at once, so that none waits for a lock that one which is
 * held has taken longer than it must. A thread of its own, while there is something to hold. Any thread may set it.
 */
public final class Throttle implements AutoCloseable {
    /** Short, as a guest takes what is longer for a hang. */
    static final Duration PERIOD = Duration.ofMillis(20);
    /** Held back further than that, a guest would do nothing any more. */
    public static final int MAX_PERCENT = 99;

    /** What is held. */
    @FunctionalInterface
    public interface Brake {
        /** Holds all vCPUs out of the guest, or lets them in again if nothing else keeps them out. Does not wait. */
        void hold(boolean hold);
    }

    private final Brake brake;
    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    @GuardedBy("lock")
    private int percent;
    @GuardedBy("lock")
    private boolean closed;
    @GuardedBy("lock")
    private Thread thread;

    public Throttle(String name, Brake brake) {
        this.name = name;
        this.brake = brake;
    }

    /**
     * Sets the share from now on.
     *
     * @param newPercent
     *            0 to {@link #MAX_PERCENT}; at 0 nothing is held any more when this returns
     */
    public void set(int newPercent) {
        if (newPercent < 0 || newPercent > MAX_PERCENT) {
            throw new IllegalArgumentException("throttle : " + newPercent + " % (expected: 0 to " + MAX_PERCENT + ")");
        }
        lock.lock();
        try {
            percent = newPercent;
            changed.signalAll();
            if (percent == 0) {
                brake.hold(false);
            } else if (thread == null && !closed) {
                thread = Thread.ofPlatform().daemon().name(name + " throttle").start(this::run);
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (percent > 0 && !closed) {
                long held = PERIOD.toNanos() * percent / 100;
                brake.hold(true);
                await(held);
                brake.hold(false);
                await(PERIOD.toNanos() - held);
            }
            brake.hold(false);
            thread = null;
        } finally {
            lock.unlock();
        }
    }

    /** Until it is over, or something has changed. */
    @GuardedBy("lock")
    private void await(long nanos) {
        int before = percent;
        long left = nanos;
        try {
            while (left > 0 && percent == before && !closed) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            // Nobody interrupts this thread but to have it end.
            closed = true;
        }
    }

    /** Lets vCPUs go; the thread ends by itself. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            percent = 0;
            changed.signalAll();
            brake.hold(false);
        } finally {
            lock.unlock();
        }
    }

}
