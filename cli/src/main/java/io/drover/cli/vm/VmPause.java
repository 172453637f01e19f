package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.SuspendVmRequest;
import io.drover.proto.v1.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "pause",
        description = "Pause VMs: save each to its host's disk, for `drover vm start` to go on from there.",
        footer = {"", "Example: drover vm pause --to-disk web-1"})
final class VmPause implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(paramLabel = "NAME", arity = "1..*", completionCandidates = VmNames.class, description = "Which VMs.")
    private List<String> names = new ArrayList<>();
    /** Said because a pause that keeps the memory would be something else. */
    @SuppressWarnings("UnusedVariable") // required: nothing to ask
    @Option(names = "--to-disk", required = true,
            description = "Save memory and devices to the host's disk, and let go of its CPUs and memory.")
    private boolean toDisk;

    VmPause(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            PowerChange change = new PowerChange(api, surroundings, mutation, output.printer());
            return new Several(surroundings, output.format()).each(names, typed -> {
                String id = ResourceNames.VM.id(typed);
                String what = "VM " + id + " was not paused";
                Task task = api.call(what, () -> api.vms().suspendVm(SuspendVmRequest.newBuilder()
                        .setName(ResourceNames.VM.full(id)).setRequestId(mutation.requestId(id, names.size() > 1))
                        .build()));
                change.follow(task, id, "paused", what);
            });
        }
    }
}
