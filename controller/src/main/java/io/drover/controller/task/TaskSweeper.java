package io.drover.controller.task;

import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.store.Change;
import io.drover.controller.store.Store;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes tasks a day after their end. */
public final class TaskSweeper {
    private static final Logger log = LoggerFactory.getLogger(TaskSweeper.class);
    static final Duration KEPT = Duration.ofDays(1);
    /** So that a day's worth of tasks does not hold up what users wait for. */
    private static final int AT_A_TIME = 500;

    private final Store store;
    private final Clock clock;

    public TaskSweeper(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * Called from time to time, by the leader.
     *
     * @return how many were due
     */
    public int sweep() {
        Instant limit = clock.instant().minus(KEPT);
        List<Versioned<Task>> due = store.view().tasks().stream()
                .filter(task -> end(task.value()).map(end -> end.isBefore(limit)).orElse(false)).limit(AT_A_TIME)
                .toList();
        for (Versioned<Task> task : due) {
            store.commit(List.of(new Change.Remove(task.value().id(), task.version()))).exceptionally(failure -> {
                log.debug("{} not removed, tried again later: {}", task.value().id(), failure.getMessage());
                return null;
            });
        }
        return due.size();
    }

    /** Empty while it runs. */
    public static Optional<Instant> end(Task task) {
        return switch (task.state()) {
            case Task.State.Running() -> Optional.empty();
            case Task.State.Succeeded(Instant at) -> Optional.of(at);
            case Task.State.Failed(Task.Fault fault, Instant at) -> Optional.of(at);
            case Task.State.Cancelled(Task.Fault fault, Instant at) -> Optional.of(at);
        };
    }
}
