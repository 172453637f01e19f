package io.drover.cli.task;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.completion.TaskNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.GetTaskRequest;
import io.drover.proto.v1.Task;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "wait", description = "Wait for the end of a task; the exit code tells how it ended.")
final class TaskWaitCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = TaskNames.class, description = "Which task.")
    private String name = "";
    @Option(names = "--timeout", paramLabel = "TIME", defaultValue = "5m", description = "Default: ${DEFAULT-VALUE}.")
    private Duration timeout = Duration.ofMinutes(5);

    TaskWaitCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.TASK.id(name);
        try (ApiClient api = connection.connect()) {
            Task task = api.call("cannot wait for task " + id,
                    () -> api.tasks()
                            .getTask(GetTaskRequest.newBuilder().setName(ResourceNames.TASK.full(name)).build()));
            Task ended = new TaskWait(api, surroundings, timeout).await(task,
                    "task " + id + " (" + task.getMethod() + " of "
                            + task.getTarget() + ") has not succeeded");
            output.printer().outcome(TaskKind.at(surroundings.clock()), ended, "task " + id + ": " + ended.getState());
        }
        return ExitCode.OK.number();
    }
}
