package io.drover.controller.feed;

import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Wakes those who wait for the end of a task. */
public final class TaskFeed implements StoreListener {
    private final Store store;
    private final Map<TaskId, Set<CountDownLatch>> waiting = new ConcurrentHashMap<>();

    public TaskFeed(Store store) {
        this.store = store;
    }

    /**
     * Waits for the end of a task.
     *
     * @return the task when it has ended or {@code limit} is over; empty when there is none
     */
    public Optional<Task> await(TaskId id, Duration limit) throws InterruptedException {
        CountDownLatch changed = new CountDownLatch(1);
        waiting.compute(id, (key, before) -> {
            Set<CountDownLatch> latches = before == null ? ConcurrentHashMap.newKeySet() : before;
            latches.add(changed);
            return latches;
        });
        try {
            Optional<Task> now = task(id);
            if (now.isEmpty() || !now.get().running() || !changed.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return now;
            }
            return task(id).or(() -> now);
        } finally {
            waiting.computeIfPresent(id, (key, latches) -> {
                latches.remove(changed);
                return latches.isEmpty() ? null : latches;
            });
        }
    }

    private Optional<Task> task(TaskId id) {
        return store.view().task(id).map(Versioned::value);
    }

    @Override
    public void taskChanged(Optional<Versioned<Task>> before, Optional<Versioned<Task>> after) {
        Task task = after.or(() -> before).orElseThrow().value();
        if (after.isEmpty() || !task.running()) {
            waiting.getOrDefault(task.id(), Set.of()).forEach(CountDownLatch::countDown);
        }
    }
}
