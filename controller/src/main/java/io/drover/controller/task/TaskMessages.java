package io.drover.controller.task;

import io.drover.controller.feed.VmFeed;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.TaskCodec;
import io.drover.controller.store.Timestamps;
import io.drover.scheduler.migration.Migration;
import java.time.Instant;

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
                    .setProgress(progress(task, feed));
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

    private static String progress(Task task, VmFeed feed) {
        return switch (task.target()) {
            case VmId vm -> feed.get(vm).filter(sight -> sight.vm().uid().equals(task.targetUid()))
                    .map(sight -> task.ofMigration() ? migration(sight.vm())
                            : sight.vm().phase() + (sight.message().isEmpty() ? "" : ": " + sight.message()))
                    .orElse("");
            case HostId host -> "VMs left to give up: " + feed.ownedBy(host);
            case ImageId image -> "";
            case CpuModelId model -> "";
            case TaskId other -> "";
        };
    }

    private static String migration(Vm vm) {
        String to = vm.migration().destination().map(host -> " to " + host.resourceName()).orElse("");
        return switch (vm.migration().latest()) {
            case Migration.Preparing _ -> "PREPARING the move" + to;
            case Migration.Copying _ -> "COPYING" + to;
            case Migration.Switching _ -> "SWITCHING" + to;
            case Migration.Committed _,Migration.Failed _,Migration.None _ -> "";
        } + (vm.migration().underWay().isPresent() && !vm.migration().cancelReason().isEmpty()
                ? ", to be ended: " + vm.migration().cancelReason()
                : "");
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
