package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.task.TaskKind;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "delete", description = "Delete VMs that are stopped.")
final class VmDelete implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(paramLabel = "NAME", arity = "1..*", completionCandidates = VmNames.class, description = "Which VMs.")
    private List<String> names = new ArrayList<>();
    @Option(names = "--force", description = "Stop it first, without asking the guest.")
    private boolean force;

    VmDelete(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Printer printer = output.printer();
        try (ApiClient api = connection.connect()) {
            return new Several(surroundings, output.format()).each(names, typed -> {
                String id = ResourceNames.VM.id(typed);
                String what = "VM " + id + " was not deleted";
                Optional<SeedImage> seed = SeedImage.of(api, id);
                Task task = api.call(what,
                        () -> api.vms().deleteVm(DeleteVmRequest.newBuilder().setName(ResourceNames.VM.full(id))
                                .setRequestId(mutation.requestId(id, names.size() > 1)).setForce(force).build()));
                if (mutation.detach()) {
                    TaskKind.printDetached(printer, task);
                    return;
                }
                Task ended = new TaskWait(api, surroundings, mutation.timeout()).await(task, what);
                if (seed.isPresent()) {
                    seed.get().discard(api);
                }
                if (printer.format() == OutputFormat.NAME) {
                    surroundings.out().println(ResourceNames.VM.full(id));
                } else {
                    printer.outcome(TaskKind.at(surroundings.clock()), ended, "deleted " + id);
                }
            });
        }
    }
}
