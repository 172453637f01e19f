package io.drover.cli.task;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.api.Polling;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.Task;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "List tasks.")
final class TaskList implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Option(names = "--filter", paramLabel = "TERMS",
            description = "Such as 'state = RUNNING AND target = \"vms/web-1\"'; fields: state, target, method.")
    private String filter = "";

    TaskList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Task> kind = TaskKind.at(surroundings.clock());
        try (ApiClient api = connection.connect()) {
            if (watch.watch()) {
                Polling.print(output.printer(), kind, () -> Lists.tasks(api, filter));
            }
            output.printer().list(kind, Lists.tasks(api, filter));
        }
        return ExitCode.OK.number();
    }
}
