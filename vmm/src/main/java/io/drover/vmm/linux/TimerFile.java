package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A timerfd(2), on the monotonic clock unless said otherwise: an alarm that one thread waits for with a {@link Poller}, beside
 * other files.
 */
public final class TimerFile implements AutoCloseable {
    private static final long CLOCK_MONOTONIC = 1;
    private static final long CLOCK_BOOTTIME = 7;
    private static final long TFD_TIMER_ABSTIME = 1;
    private static final long TFD_NONBLOCK = 0x800;
    private static final long TFD_CLOEXEC = 0x80000;

    /** {@code struct itimerspec} (linux/time.h): the interval, then the time until the first. */
    private static final long TIMER_BYTES = 32;
    private static final long SECONDS = 16;
    private static final long NANOS = 24;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final FileHandle file;
    private final MemorySegment timer = Arena.ofAuto().allocate(TIMER_BYTES, Long.BYTES);

    private TimerFile(FileHandle file) {
        this.file = file;
    }

    /**
     * A new one that is not set.
     *
     * @param name
     *            for messages
     */
    public static TimerFile create(String name) throws SystemCallException {
        return create(name, CLOCK_MONOTONIC);
    }

    /** As {@link #create}, on {@link BootClock}, so that it also counts while the host sleeps; to be set by {@link #setAt}. */
    public static TimerFile createOnBootClock(String name) throws SystemCallException {
        return create(name, CLOCK_BOOTTIME);
    }

    private static TimerFile create(String name, long clock) throws SystemCallException {
        long created = SystemCall.invoke(SystemCall.TIMERFD_CREATE, clock, TFD_NONBLOCK | TFD_CLOEXEC, 0);
        if (created < 0) {
            throw new SystemCallException("timerfd_create", name, (int) -created);
        }
        return new TimerFile(FileHandle.adopt(name, created));
    }

    /**
     * Goes off once, instead of when it was set to before. One thread; allocates nothing.
     *
     * @param nanos
     *            from now, at least 1
     */
    public void set(long nanos) {
        set(nanos, 0);
    }

    /**
     * As {@link #set}, at a moment of its clock; at once when that is over.
     *
     * @param clockNanos
     *            at least 1
     */
    public void setAt(long clockNanos) {
        set(clockNanos, TFD_TIMER_ABSTIME);
    }

    private void set(long nanos, long flags) {
        timer.set(ValueLayout.JAVA_LONG, SECONDS, nanos / NANOS_PER_SECOND);
        timer.set(ValueLayout.JAVA_LONG, NANOS, nanos % NANOS_PER_SECOND);
        long result = SystemCall.invoke(SystemCall.TIMERFD_SETTIME, file.number(), flags, timer.address(), 0, 0, 0);
        if (result < 0) {
            throw new IllegalStateException(
                    "timerfd_settime(" + nanos + " ns) failed: " + Errno.describe((int) -result));
        }
    }

    /** To be watched; it is this object's to close. */
    public FileHandle file() {
        return file;
    }

    /** Closing it again does nothing. */
    @Override
    public void close() {
        file.close();
    }
}
