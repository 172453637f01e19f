package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "start", description = "Start VMs. One that was paused to disk goes on from where it was.")
final class VmStart implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(paramLabel = "NAME", arity = "1..*", completionCandidates = VmNames.class, description = "Which VMs.")
    private List<String> names = new ArrayList<>();
    @Option(names = "--discard-saved",
            description = "Throw away what was saved of the guest by a pause to disk: it boots.")
    private boolean discardSaved;

    VmStart(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            PowerChange change = new PowerChange(api, surroundings, mutation, output.printer());
            return new Several(surroundings, output.format()).each(names, typed -> {
                String id = ResourceNames.VM.id(typed);
                String what = "VM " + id + " was not started";
                Task task = api.call(what, () -> api.vms().startVm(StartVmRequest.newBuilder()
                        .setName(ResourceNames.VM.full(id)).setRequestId(mutation.requestId(id, names.size() > 1))
                        .setDiscardSaved(discardSaved).build()));
                change.follow(task, id, "started", what);
            });
        }
    }
}
