package io.drover.cli.task;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Polling;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.TaskNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.GetTaskRequest;
import io.drover.proto.v1.Task;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one task.")
final class TaskGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Parameters(paramLabel = "NAME", completionCandidates = TaskNames.class, description = "Which task.")
    private String name = "";

    TaskGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Task> kind = TaskKind.at(surroundings.clock());
        GetTaskRequest request = GetTaskRequest.newBuilder().setName(ResourceNames.TASK.full(name)).build();
        String what = "cannot show task " + ResourceNames.TASK.id(name);
        try (ApiClient api = connection.connect()) {
            Polling.Look<Task> look = () -> List.of(api.call(what, () -> api.tasks().getTask(request)));
            if (watch.watch()) {
                Polling.print(output.printer(), kind, look);
            }
            output.printer().one(kind, look.now().get(0));
        }
        return ExitCode.OK.number();
    }
}
