package io.drover.cli.task;

import com.google.protobuf.util.Timestamps;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.Task;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/** How tasks are shown. */
public final class TaskKind {
    private TaskKind() {}

    public static Kind<Task> at(Clock clock) {
        return new Kind<>("tasks", Task::getName,
                List.of(Column.of("NAME", task -> ResourceNames.TASK.id(task.getName())),
                        Column.of("METHOD", Task::getMethod),
                        Column.of("TARGET", Task::getTarget),
                        new Column<>("STATE", task -> task.getState().name(), TaskKind::emphasis),
                        Column.of("AGE", task -> Quantity.age(task.getCreateTime(), clock)),
                        Column.of("TOOK", TaskKind::took),
                        new Column<>("MESSAGE", TaskKind::message, task -> Emphasis.FAINT)),
                TaskKind::details);
    }

    /** What a command that does not wait says. */
    public static void printDetached(Printer printer, Task task) {
        String id = ResourceNames.TASK.id(task.getName());
        printer.outcome(at(Clock.systemUTC()), task,
                "task " + id + " is under way (follow it with `drover task wait " + id + "`)");
    }

    private static String message(Task task) {
        return task.hasError() ? task.getError().getMessage() : task.getProgress();
    }

    private static String took(Task task) {
        return task.hasEndTime()
                ? Quantity.span(Duration
                        .ofMillis(Timestamps.toMillis(task.getEndTime()) - Timestamps.toMillis(task.getCreateTime())))
                : "";
    }

    private static Emphasis emphasis(Task task) {
        return switch (task.getState()) {
            case RUNNING, CANCELLED -> Emphasis.WARNING;
            case SUCCEEDED -> Emphasis.GOOD;
            case FAILED -> Emphasis.BAD;
            case STATE_UNSPECIFIED, UNRECOGNIZED -> Emphasis.NONE;
        };
    }

    private static List<Detail> details(Task task) {
        Detail.Sheet sheet = new Detail.Sheet().add("Name", ResourceNames.TASK.id(task.getName()))
                .add("Method", task.getMethod())
                .add("Target", task.getTarget()).add("State", task.getState().name(), emphasis(task))
                .add("Progress", task.getProgress());
        if (task.hasError()) {
            sheet.add("Error", task.getError().getMessage(), Emphasis.BAD);
        }
        return sheet.add("Request id", task.getRequestId()).add("Created", Quantity.time(task.getCreateTime()))
                .add("Ended", Quantity.time(task.getEndTime())).add("Took", took(task)).details();
    }
}
