package io.drover.vmm.lease;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.TimerFile;

/** A thread that sleeps until a moment of CLOCK_BOOTTIME, which the kernel tells it also when the host has slept over it. */
final class LeaseAlarm implements AutoCloseable {
    private static final int RINGS = 0;
    private static final int CLOSES = 1;

    private final Poller poller;
    private final TimerFile timer;
    private final EventFile closing;
    private final Runnable action;
    private final Thread thread;

    private LeaseAlarm(Poller poller, TimerFile timer, EventFile closing, Runnable action) {
        this.poller = poller;
        this.timer = timer;
        this.closing = closing;
        this.action = action;
        this.thread = Thread.ofPlatform().name("lease").daemon().unstarted(this::run);
    }

    /** Not set yet. */
    static LeaseAlarm start(Runnable action) throws SystemCallException {
        Poller poller = Poller.create();
        TimerFile timer = TimerFile.createOnBootClock("lease");
        EventFile closing = EventFile.create("lease end");
        LeaseAlarm alarm = new LeaseAlarm(poller, timer, closing, action);
        poller.addChanges(timer.file(), RINGS);
        poller.add(closing, CLOSES);
        alarm.thread.start();
        return alarm;
    }

    /** Goes off then, at once if it is over, instead of when it was set to before. One thread at a time. */
    void set(long bootNanos) {
        timer.setAt(bootNanos);
    }

    private void run() {
        try {
            while (true) {
                int ready = poller.await();
                for (int index = 0; index < ready; index++) {
                    if (poller.source(index) == CLOSES) {
                        return;
                    }
                }
                action.run();
            }
        } catch (SystemCallException e) {
            throw new IllegalStateException("the lease's alarm fails", e);
        }
    }

    @Override
    public void close() {
        closing.ring();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException expected) {
                interrupted = true;
            }
        }
        timer.close();
        closing.close();
        poller.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
