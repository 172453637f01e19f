package io.drover.cli.api;

import com.google.protobuf.util.Durations;
import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WaitTaskRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Waits for the end of a task and says meanwhile what it does. A controller that restarts in between is waited for too: tasks
 * outlive it. Ctrl-C ends the wait, not the task, and says so.
 */
public final class TaskWait {
    /** How often the progress line is renewed. */
    private static final Duration WATCHED_POLL = Duration.ofSeconds(1);
    private static final Duration UNWATCHED_POLL = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final ApiClient api;
    private final Surroundings surroundings;
    private final Duration timeout;

    public TaskWait(ApiClient api, Surroundings surroundings, Duration timeout) {
        this.api = api;
        this.surroundings = surroundings;
        this.timeout = timeout;
    }

    /**
     * Returns the task that has succeeded.
     *
     * @param what what did not happen when the task fails or the time runs out, such as "VM web-1 was not started"
     */
    public Task await(Task begun, String what) throws Failure, InterruptedException {
        Task task = begun;
        long started = System.nanoTime();
        String away = "";
        try (ProgressLine progress = new ProgressLine(surroundings);
                InterruptNotice _ = new InterruptNotice(surroundings, followUp(task))) {
            while (task.getState() == Task.State.RUNNING || task.getState() == Task.State.STATE_UNSPECIFIED) {
                Duration spent = Duration.ofNanos(System.nanoTime() - started);
                Duration left = timeout.minus(spent);
                if (left.isNegative() || left.isZero()) {
                    throw timedOut(task, what, away);
                }
                if (progress.isShown()) {
                    progress.say(task.getTarget() + ": " + (away.isEmpty() ? activity(task) : away) + " ("
                            + Quantity.span(spent) + ")");
                }
                Duration poll = progress.isShown() ? WATCHED_POLL : UNWATCHED_POLL;
                try {
                    task = poll(task, poll.compareTo(left) < 0 ? poll : left);
                    away = "";
                } catch (StatusRuntimeException e) {
                    if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
                        throw api.failure(e, what);
                    }
                    away = api.failure(e, what).why();
                    Thread.sleep(PAUSE);
                }
            }
        }
        return ended(task, what);
    }

    private Task poll(Task task, Duration time) {
        return api.tasks().waitTask(
                WaitTaskRequest.newBuilder().setName(task.getName()).setTimeout(Durations.fromMillis(time.toMillis()))
                        .build());
    }

    private static Task ended(Task task, String what) throws Failure {
        return switch (task.getState()) {
            case SUCCEEDED -> task;
            case CANCELLED -> throw new Failure(ExitCode.ERROR, what, "the task " + task.getName() + " was cancelled"
                    + (task.getError().getMessage().isEmpty() ? "" : ": " + task.getError().getMessage()),
                    "see what it has done: drover " + look(task), "TASK_CANCELLED", Map.of("task", task.getName()));
            default -> throw StatusFailures.of(task.getError(), what);
        };
    }

    /** The server's word on the task, and on a terminal that of the VM, which names the host waited for. */
    private String activity(Task task) {
        return vm(task).map(Vm::getStateMessage).filter(message -> !message.isEmpty()).orElse(
                task.getProgress().isEmpty() ? task.getMethod() : task.getProgress());
    }

    private Failure timedOut(Task task, String what, String away) {
        Optional<Vm> vm = vm(task);
        boolean pending = vm.map(Vm::getState).filter(VmState.VM_STATE_PENDING::equals).isPresent();
        String state = away.isEmpty() ? activity(task) : away;
        return new Failure(pending ? ExitCode.CANNOT_BE_PLACED : ExitCode.TIMED_OUT, what,
                "still waiting after " + Quantity.span(timeout) + ": " + state,
                "the task goes on; " + followUp(task), pending ? "NO_HOST_FITS" : "TIMED_OUT",
                Map.of("task", task.getName(), "resource", task.getTarget()));
    }

    private Optional<Vm> vm(Task task) {
        if (!task.getTarget().startsWith(ResourceNames.VM.full(""))) {
            return Optional.empty();
        }
        try {
            return Optional.of(api.vms().getVm(GetVmRequest.newBuilder().setName(task.getTarget()).build()));
        } catch (StatusRuntimeException e) {
            // Deleted, or nobody answers: the wait itself will tell.
            return Optional.empty();
        }
    }

    private static String followUp(Task task) {
        String id = ResourceNames.TASK.id(task.getName());
        return "follow it with `drover task wait " + id + "`, end it with `drover task cancel " + id + "`";
    }

    private static String look(Task task) {
        return task.getTarget().startsWith("vms/") ? "vm get " + ResourceNames.VM.id(task.getTarget())
                : "task get " + ResourceNames.TASK.id(task.getName());
    }
}
