package io.drover.controller.task;

import com.google.protobuf.Duration;
import io.drover.controller.feed.TaskFeed;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.list.Filter;
import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.store.Store;
import io.drover.controller.stream.Calls;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.GetTaskRequest;
import io.drover.proto.v1.ListTasksRequest;
import io.drover.proto.v1.ListTasksResponse;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.WaitTaskRequest;
import io.grpc.stub.StreamObserver;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** drover.v1.TaskService. */
public final class TaskApi extends TaskServiceGrpc.TaskServiceImplBase {
    private static final long MAX_WAIT_SECONDS = 60;
    private static final java.time.Duration DEFAULT_WAIT = java.time.Duration.ofSeconds(30);
    private static final Map<String, Function<io.drover.controller.record.Task, String>> FIELDS = Map.of("state",
            TaskMessages::state, "target", task -> task.target().resourceName(), "method",
            io.drover.controller.record.Task::method);
    /** The newest first; equal times by id, so that pages are stable. */
    private static final Comparator<io.drover.controller.record.Task> ORDER = Comparator.comparing(TaskApi::key)
            .reversed();

    private final Calls calls;
    private final Store store;
    private final TaskFeed tasks;
    private final VmFeed vms;
    private final TaskCancellation cancellation;

    public TaskApi(Calls calls, Store store, TaskFeed tasks, VmFeed vms, TaskCancellation cancellation) {
        this.calls = calls;
        this.store = store;
        this.tasks = tasks;
        this.vms = vms;
        this.cancellation = cancellation;
    }

    @Override
    public void getTask(GetTaskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            TaskId id = id(request.getName());
            return TaskMessages.of(
                    store.view().task(id).orElseThrow(() -> ProblemException.notFound(id.resourceName())).value(),
                    vms);
        });
    }

    @Override
    public void listTasks(ListTasksRequest request, StreamObserver<ListTasksResponse> response) {
        calls.unary(response, () -> {
            int size = PageSize.of(request.getPageSize());
            Filter<io.drover.controller.record.Task> filter = Filter.parse(request.getFilter(), FIELDS);
            Optional<String> after = PageToken.decode(request.getPageToken(), TaskId.COLLECTION, request.getFilter());
            List<io.drover.controller.record.Task> page = store.view().tasks().stream().map(Versioned::value)
                    .filter(filter)
                    .filter(task -> after.isEmpty() || key(task).compareTo(after.get()) < 0).sorted(ORDER)
                    .limit(size + 1L)
                    .toList();
            ListTasksResponse.Builder list = ListTasksResponse.newBuilder();
            page.stream().limit(size).forEach(task -> list.addTasks(TaskMessages.of(task, vms)));
            if (page.size() > size) {
                list.setNextPageToken(
                        new PageToken(TaskId.COLLECTION, request.getFilter(), key(page.get(size - 1))).encode());
            }
            return list.build();
        });
    }

    /** Sorts by time of creation, then id. */
    private static String key(io.drover.controller.record.Task task) {
        return String.format("%016x", Math.max(0, task.created().toEpochMilli())) + "/" + task.id();
    }

    @Override
    public void waitTask(WaitTaskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            TaskId id = id(request.getName());
            Duration timeout = request.getTimeout();
            if (timeout.getSeconds() < 0 || timeout.getNanos() < 0 || timeout.getSeconds() > MAX_WAIT_SECONDS
                    || (timeout.getSeconds() == MAX_WAIT_SECONDS && timeout.getNanos() > 0)) {
                throw ProblemException.invalid("timeout",
                        timeout.getSeconds() + " s (expected: 0 to " + MAX_WAIT_SECONDS + " s)");
            }
            java.time.Duration limit = request.hasTimeout()
                    ? java.time.Duration.ofSeconds(timeout.getSeconds(), timeout.getNanos())
                    : DEFAULT_WAIT;
            return TaskMessages
                    .of(tasks.await(id, limit).orElseThrow(() -> ProblemException.notFound(id.resourceName())), vms);
        });
    }

    @Override
    public void cancelTask(CancelTaskRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> TaskMessages.of(cancellation.cancel(id(request.getName())), vms));
    }

    private static TaskId id(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<TaskId> id = violations.name("name", name, TaskId.COLLECTION, TaskId::new);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
