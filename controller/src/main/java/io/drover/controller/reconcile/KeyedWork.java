package io.drover.controller.reconcile;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work by key: at most one at a time for each key, on virtual threads. A key that is asked for while it is worked on is
 * worked on once more, so that no change is missed and no queue grows.
 */
final class KeyedWork<K> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KeyedWork.class);

    private enum Turn {
        /** Waits for its thread. */
        QUEUED,
        WORKING,
        /** Worked on, and asked for again meanwhile. */
        AGAIN
    }

    private final Consumer<K> work;
    private final ScheduledExecutorService timer;
    private final Semaphore atOnce;
    private final Map<K, Turn> turns = new ConcurrentHashMap<>();
    private final ExecutorService threads;

    /**
     * Begins nothing before the first {@link #submit}.
     *
     * @param atOnce how many keys are worked on at a time
     */
    KeyedWork(String name, int atOnce, ScheduledExecutorService timer, Consumer<K> work) {
        this.work = work;
        this.timer = timer;
        this.atOnce = new Semaphore(atOnce);
        this.threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(name + "-", 0).factory());
    }

    void submit(K key) {
        while (true) {
            if (turns.putIfAbsent(key, Turn.QUEUED) == null) {
                execute(key);
                return;
            }
            // Gone meanwhile: then it has to be put again.
            if (turns.computeIfPresent(key, (same, turn) -> turn == Turn.WORKING ? Turn.AGAIN : turn) != null) {
                return;
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the work logs its own failures
    void submitLater(K key, Duration delay) {
        timer.schedule(() -> submit(key), delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void execute(K key) {
        if (!threads.isShutdown()) {
            threads.execute(() -> run(key));
        }
    }

    private void run(K key) {
        try {
            atOnce.acquire();
        } catch (InterruptedException e) {
            return;
        }
        try {
            turns.put(key, Turn.WORKING);
            work.accept(key);
        } catch (RuntimeException e) {
            log.error("work on {} failed", key, e);
        } finally {
            atOnce.release();
            Turn left = turns.compute(key, (same, turn) -> turn == Turn.AGAIN ? Turn.QUEUED : null);
            if (left == Turn.QUEUED) {
                execute(key);
            }
        }
    }

    /** Interrupts what is under way and waits for its end. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(10, TimeUnit.SECONDS)) {
                log.warn("work under way has not ended within 10 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
