package io.drover.cli.host;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.completion.HostNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.task.TaskKind;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.Task;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "confirm-off",
        description = "Say that the machine of a host that is away is off: its VMs start elsewhere, and it may come back.")
final class HostConfirmOff implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(paramLabel = "NAME", completionCandidates = HostNames.class, description = "Which host.")
    private String name = "";

    HostConfirmOff(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.HOST.id(name);
        String full = ResourceNames.HOST.full(name);
        String what = "the VMs of host " + id + " were not given up";
        Printer printer = output.printer();
        try (ApiClient api = connection.connect()) {
            Task task = api.call(what, () -> api.hosts().confirmHostOff(ConfirmHostOffRequest.newBuilder()
                    .setName(full).setRequestId(mutation.requestId(id, false)).build()));
            if (mutation.detach()) {
                TaskKind.printDetached(printer, task);
                return ExitCode.OK.number();
            }
            Task ended = new TaskWait(api, surroundings, mutation.timeout()).await(task, what);
            if (printer.format() == OutputFormat.NAME) {
                surroundings.out().println(full);
            } else {
                printer.outcome(TaskKind.at(surroundings.clock()), ended, "gave up the VMs of " + id);
            }
        }
        return ExitCode.OK.number();
    }
}
