package io.drover.agent.handoff;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Alarms by a timer, by monotonic time. Safe for all threads. */
public final class ScheduledAlarms implements Alarms, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ScheduledAlarms.class);

    /**
     * How long is waited before each alarm.
     *
     * @param retry of a read that was not answered
     * @param deadline the migration's timeout
     * @param standstill how long a guest stands still for a hand-off at most, while ZooKeeper answers
     */
    public record Patience(Duration retry, Duration deadline, Duration standstill) {
        private static final Duration RETRY = Duration.ofSeconds(1);
        /** From when the source has sent all to when the destination has committed. */
        private static final Duration STANDSTILL = Duration.ofSeconds(8);

        /** As a migration with this timeout has it. */
        public static Patience of(Duration timeout) {
            return new Patience(RETRY, timeout, STANDSTILL);
        }

        /**
         * As a migration with these options has it. A guest that may stand still for as long as the rest takes is waited for as
         * long as the whole may take; that its stream goes on at all is its machine's to watch.
         */
        public static Patience of(MoveOptions options) {
            Duration timeout = Duration.ofMillis(options.timeoutMillis());
            return new Patience(RETRY, timeout,
                    options.unconverged() == MoveOptions.Unconverged.STOP_AND_COPY && timeout.compareTo(STANDSTILL) > 0
                            ? timeout
                            : STANDSTILL);
        }

        private Duration before(Alarm alarm) {
            return switch (alarm) {
                case RETRY -> retry;
                case DEADLINE -> deadline;
                case SWITCH -> standstill;
            };
        }
    }

    private final ScheduledExecutorService timer;
    private final Patience patience;
    private final Consumer<HandOffEvent> woken;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<Alarm, ScheduledFuture<?>> set = new EnumMap<>(Alarm.class);

    /**
     * None is set yet.
     *
     * @param timer not closed with this
     * @param woken told by the timer's thread: return soon
     */
    public ScheduledAlarms(ScheduledExecutorService timer, Patience patience, Consumer<HandOffEvent> woken) {
        this.timer = timer;
        this.patience = patience;
        this.woken = woken;
    }

    @Override
    public void wake(Alarm alarm) {
        wake(alarm, patience.before(alarm));
    }

    /** All of the guest has been sent, however long that took: what is left of the standstill is the wait for an answer. */
    public void allSent() {
        wake(Alarm.SWITCH, Patience.STANDSTILL);
    }

    private void wake(Alarm alarm, Duration pause) {
        lock.lock();
        try {
            ScheduledFuture<?> before = set.put(alarm, timer.schedule(() -> woken.accept(new HandOffEvent.Woken(alarm)),
                    pause.toMillis(), TimeUnit.MILLISECONDS));
            if (before != null) {
                before.cancel(false);
            }
        } catch (RejectedExecutionException e) {
            log.debug("the agent closes; the next one goes on", e);
        } finally {
            lock.unlock();
        }
    }

    /** None comes any more, but one that is coming now. */
    @Override
    public void close() {
        lock.lock();
        try {
            set.values().forEach(alarm -> alarm.cancel(false));
            set.clear();
        } finally {
            lock.unlock();
        }
    }
}
