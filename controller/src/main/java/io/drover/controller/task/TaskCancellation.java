package io.drover.controller.task;

import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;

/** Asks a task to end. What that means is known to whoever began it. */
@FunctionalInterface
public interface TaskCancellation {
    /**
     * The task as it is after that: cancelled, or as it was when it has ended already.
     *
     * @throws ProblemException there is no such task, or it can no longer be cancelled
     */
    Task cancel(TaskId id) throws ProblemException, InterruptedException;
}
