package io.drover.controller.task;

import io.drover.controller.feed.VmFeed;
import io.drover.controller.feed.VmSight;
import io.drover.controller.record.Task;
import io.drover.controller.store.TaskCodec;
import io.drover.controller.store.Timestamps;
import java.time.Instant;
import java.util.Optional;

/** Tasks in the public API. */
public final class TaskMessages {
    private TaskMessages() {}

    /**
     * A task as clients see it.
     *
     * @param feed tells what the VM does now, or waits for
     */
    public static io.drover.proto.v1.Task of(Task task, VmFeed feed) {
        io.drover.proto.v1.Task.Builder message = io.drover.proto.v1.Task.newBuilder().setName(task.id().resourceName())
                .setMethod(task.method()).setTarget(task.target().resourceName()).setRequestId(task.requestId())
                .setCreateTime(Timestamps.of(task.created()));
        switch (task.state()) {
            case Task.State.Running() -> message.setState(io.drover.proto.v1.Task.State.RUNNING)
                    .setProgress(
                            progress(feed.get(task.target()).filter(vm -> vm.vm().uid().equals(task.targetUid()))));
            case Task.State.Succeeded(Instant at) ->
                message.setState(io.drover.proto.v1.Task.State.SUCCEEDED).setEndTime(Timestamps.of(at));
            case Task.State.Failed(Task.Fault fault, Instant at) ->
                message.setState(io.drover.proto.v1.Task.State.FAILED)
                        .setError(TaskCodec.status(task, fault)).setEndTime(Timestamps.of(at));
            case Task.State.Cancelled(Task.Fault fault, Instant at) -> message
                    .setState(io.drover.proto.v1.Task.State.CANCELLED).setError(TaskCodec.status(task, fault))
                    .setEndTime(Timestamps.of(at));
        }
        return message.build();
    }

    private static String progress(Optional<VmSight> vm) {
        return vm.map(sight -> sight.vm().phase() + (sight.message().isEmpty() ? "" : ": " + sight.message()))
                .orElse("");
    }

    /** As in filters. */
    static String state(Task task) {
        return switch (task.state()) {
            case Task.State.Running running -> "RUNNING";
            case Task.State.Succeeded succeeded -> "SUCCEEDED";
            case Task.State.Failed failed -> "FAILED";
            case Task.State.Cancelled cancelled -> "CANCELLED";
        };
    }
}
