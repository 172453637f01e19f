package io.drover.cli.vm;

import com.google.protobuf.util.Durations;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "stop",
        description = "Stop VMs: press the power button, and by force when the guest does not obey in time.")
final class VmStop implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(paramLabel = "NAME", arity = "1..*", completionCandidates = VmNames.class, description = "Which VMs.")
    private List<String> names = new ArrayList<>();
    @Option(names = "--force", description = "Do not ask the guest: like pulling the plug.")
    private boolean force;
    @Option(names = "--grace", paramLabel = "TIME",
            description = "How long the guest has to obey (the controller's default: 30s).")
    private Optional<Duration> grace = Optional.empty();

    VmStop(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            PowerChange change = new PowerChange(api, surroundings, mutation, output.printer());
            return new Several(surroundings, output.format()).each(names, typed -> {
                String id = ResourceNames.VM.id(typed);
                String what = "VM " + id + " was not stopped";
                StopVmRequest.Builder request = StopVmRequest.newBuilder().setName(ResourceNames.VM.full(id))
                        .setRequestId(mutation.requestId(id, names.size() > 1))
                        .setMode(force ? StopVmRequest.Mode.FORCED : StopVmRequest.Mode.GRACEFUL);
                grace.ifPresent(time -> request.setGrace(Durations.fromMillis(time.toMillis())));
                Task task = api.call(what, () -> api.vms().stopVm(request.build()));
                change.follow(task, id, "stopped", what);
            });
        }
    }
}
