package io.drover.vmm.timer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A timer by a thread of its own, which is not started before a guest sets an alarm. Few ever do. */
public final class TimerThread implements Timer, AutoCloseable {
    @GuardedBy("this")
    private ScheduledThreadPoolExecutor executor;
    @GuardedBy("this")
    private boolean closed;

    @Override
    public synchronized Wakeup after(long nanos, Runnable action) {
        if (closed) {
            return () -> {};
        }
        if (executor == null) {
            executor = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("timer").factory());
            // Else a guest that sets its alarm over and over fills the heap.
            executor.setRemoveOnCancelPolicy(true);
        }
        // An interrupt line that fails has failed for the vCPUs too, and they tell.
        ScheduledFuture<?> scheduled = executor.schedule(action, nanos, TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    /** When this returns, no action runs and none will. */
    @Override
    public void close() {
        ScheduledThreadPoolExecutor running;
        synchronized (this) {
            closed = true;
            running = executor;
            executor = null;
        }
        if (running != null) {
            running.shutdownNow();
            // Waits for an action under way, which takes microseconds.
            running.close();
        }
    }
}
