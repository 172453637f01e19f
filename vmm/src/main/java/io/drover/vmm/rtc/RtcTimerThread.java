package io.drover.vmm.rtc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A timer by a thread of its own, which is not started before a guest asks its clock for interrupts. Few ever do. */
public final class RtcTimerThread implements RtcTimer, AutoCloseable {
    @GuardedBy("this")
    private ScheduledThreadPoolExecutor executor;
    @GuardedBy("this")
    private boolean closed;

    @Override
    public synchronized void after(long nanos, Runnable action) {
        if (closed) {
            return;
        }
        if (executor == null) {
            executor = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("rtc").factory());
        }
        // An interrupt line that fails has failed for the vCPUs too, and they tell.
        ScheduledFuture<?> _ = executor.schedule(action, nanos, TimeUnit.NANOSECONDS);
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
