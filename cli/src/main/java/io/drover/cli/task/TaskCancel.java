package io.drover.cli.task;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.TaskNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.Task;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "cancel", description = "Ask a task to end. What it has done stays done.")
final class TaskCancel implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = TaskNames.class, description = "Which task.")
    private String name = "";

    TaskCancel(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.TASK.id(name);
        try (ApiClient api = connection.connect()) {
            Task task = api.call("task " + id + " was not cancelled",
                    () -> api.tasks()
                            .cancelTask(CancelTaskRequest.newBuilder().setName(ResourceNames.TASK.full(name)).build()));
            output.printer().outcome(TaskKind.at(surroundings.clock()), task, "task " + id + ": " + task.getState()
                    + (task.getState() == Task.State.RUNNING ? ", asked to end" : ""));
        }
        return ExitCode.OK.number();
    }
}
