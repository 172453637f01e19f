package io.drover.agent.vm;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one thing after the other, on a virtual thread of its own. Whoever asks is always answered. Safe for all
 * threads.
 */
final class TaskQueue implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TaskQueue.class);
    private static final Duration END_PATIENCE = Duration.ofSeconds(20);

    /** Something to do; a failure is logged. */
    interface Task {
        void run() throws IOException, InterruptedException;
    }

    /** Something to do, with an answer; a failure is logged, and is the answer. */
    interface Question<T> {
        T answer() throws IOException, InterruptedException;
    }

    private final String name;
    private final ScheduledExecutorService timer;
    private final ExecutorService thread;
    private final Map<Long, CompletableFuture<?>> unanswered = new ConcurrentHashMap<>();
    private final AtomicLong questions = new AtomicLong();

    /**
     * A queue.
     *
     * @param timer for what is to be done later; not closed with the queue
     */
    TaskQueue(String name, ScheduledExecutorService timer) {
        this.name = name;
        this.timer = timer;
        this.thread = Executors.newSingleThreadExecutor(Thread.ofVirtual().name(name).factory());
    }

    /** Has something done and answered; exceptionally when it fails, or the queue is closed before. */
    <T> CompletableFuture<T> ask(Question<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        long number = questions.incrementAndGet();
        unanswered.put(number, answer);
        post(() -> {
            try {
                answer.complete(question.answer());
            } catch (IOException | InterruptedException | RuntimeException e) {
                answer.completeExceptionally(e);
                throw e;
            } finally {
                unanswered.remove(number);
            }
        });
        if (thread.isShutdown()) {
            answer.completeExceptionally(closed());
        }
        return answer;
    }

    /** Has something done, unless the queue is closed before. */
    void post(Task task) {
        try {
            thread.execute(() -> run(task));
        } catch (RejectedExecutionException e) {
            log.debug("{}: closed; too late for more", name, e);
        }
    }

    /** Has something done after a pause, unless the queue or its timer is closed before. */
    void postLater(Duration pause, Task task) {
        if (!pause.isPositive()) {
            post(task);
            return;
        }
        try {
            ScheduledFuture<?> _ = timer.schedule(() -> post(task), pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("{}: the agent closes; the next one goes on", name, e);
        }
    }

    private void run(Task task) {
        try {
            task.run();
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.error("{}: {}", name, e.getMessage(), e);
        } catch (RuntimeException e) {
            log.error("{}: unexpected", name, e);
        }
    }

    private IOException closed() {
        return new IOException(name + " is no longer looked after");
    }

    /** Interrupts what is being done and drops the rest. Returns when nothing more is done. */
    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(END_PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                log.warn("{}: does not end", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        unanswered.values().forEach(answer -> answer.completeExceptionally(closed()));
    }
}
